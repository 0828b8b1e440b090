// The command line as commander sees it, derived from the command table.
import { Argument, Command as Program, Option } from 'commander'
import { COMMANDS, contradictionIn, type Command, type OptionSpec } from '@cairn/rpc'
import {
  addDaemonOptions,
  addInitOptions,
  START_FLAGS,
  type DaemonOptions,
  type InitOptions,
} from '../daemon/start-options.ts'
import type { Shell } from './completion.ts'
import { argumentsOf, globalsOf, optionsOf, requirePeers, requireSource } from './given.ts'
import { addMountCommands } from './mount-options.ts'
import { andMore, checkedText, countOf, durationOf } from './option-value.ts'
import { TOPICS_LINE } from './topics.ts'
import { STANDARD_ERROR, type GlobalOptions, type Session } from '../session.ts'

/** Runs one command with what the command line says. */
export type Action = (globals: GlobalOptions, run: (session: Session) => Promise<void>) => Promise<void>

/**
 * The program with all its commands. Each of them calls `act` with what it is to do in a session; usage errors come as
 * `CommanderError`.
 */
export function buildProgram(version: string, act: Action): Program {
  const program = new Program('cairn')
    .description('Content-addressed distributed storage that speaks IPFS.')
    .version(`cairn version ${version}`, '--version', 'print the version')
    .option('--repo <path>', 'folder of the repo; $CAIRN_PATH, $IPFS_PATH or ~/.cairn by default')
    .option(
      '--api <multiaddr>',
      'let the node with this RPC address do the work, as a daemon on the repo does by itself',
    )
    .option('--api-auth <secret>', 'secret for that RPC: bearer:TOKEN or basic:USER:PASSWORD')
    .addOption(
      new Option('--timeout <duration>', 'give up after this time, for example 30s or 5m').argParser(durationOf),
    )
    .option('--cid-base <base>', 'print CIDs of version 1 in this base, and those of version 0 as version 1')
    .option('--upgrade-cidv0-in-output', 'print CIDs of version 0 as version 1')
    .addOption(new Option('--no-upgrade-cidv0-in-output').hideHelp())
    .configureHelp(HELP)
    .showHelpAfterError('(cairn --help tells more)')
    .exitOverride()
  addLocalCommands(program, act)
  addMountCommands(program, (self, run) => act(globalsOf(self), run))
  for (const command of COMMANDS) {
    for (const path of [command.path, ...command.aliases]) addCommand(program, { ...command, path }, act)
  }
  addCompletion(program, act)
  return program.addHelpText('after', TOPICS_LINE)
}

/** `--flag=true` and `--flag=false` as Kubo has them, in the form that commander knows. */
export function normalizeFlags(argv: readonly string[]): string[] {
  const end = argv.indexOf('--')
  return argv.map((word, index) => {
    // By itself it would take the argument after it.
    if (word === '--trace' && (end === -1 || index < end)) return `--trace=${STANDARD_ERROR}`
    const [, name, value] = /^--([a-z][a-z0-9-]*)=(true|false)$/.exec(word) ?? []
    if (name === undefined || !FLAGS.has(name) || (end !== -1 && index > end)) return word
    return value === 'true' ? `--${name}` : `--no-${name}`
  })
}

const FLAGS: ReadonlySet<string> = new Set([
  'upgrade-cidv0-in-output',
  ...START_FLAGS,
  ...COMMANDS.flatMap((command) => Object.entries(command.options)).flatMap(([name, spec]) =>
    spec.type === 'flag' ? [name] : [],
  ),
])

const JSON_OPTION = ['--json', 'print results as JSON, one value a line'] as const

function addLocalCommands(program: Program, act: Action): void {
  const local = () => import('../local-commands.ts')
  addInitOptions(program.command('init').description('Make a repo with a new identity'))
    .option(...JSON_OPTION)
    .addHelpText('after', exampleText(['cairn init', 'cairn --repo /tmp/one init --profile test']))
    .action(({ profile }: InitOptions, self: Program) =>
      act(globalsOf(self), async (session) => (await local()).init(session, profile)),
    )
  addDaemonOptions(
    program.command('daemon').description('Run a node that serves its blocks to peers, until Ctrl-C or cairn shutdown'),
  )
    .addHelpText(
      'after',
      exampleText(['cairn daemon', 'cairn daemon --offline', 'cairn daemon --listen /ip4/127.0.0.1/tcp/4001']),
    )
    .action((options: DaemonOptions, self: Program) =>
      act(globalsOf(self), async (session) => (await local()).daemon(session, options)),
    )
}

/** Not of the table, since it is about all commands of the line, those that are only here as well. */
function addCompletion(program: Program, act: Action): void {
  groupOf(program, 'commands')
    .command('completion')
    .description('Print the script by which a shell completes commands and options')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .configureHelp(HELP)
    .addHelpText(
      'after',
      exampleText([
        'cairn commands completion bash > ~/.local/share/bash-completion/completions/cairn',
        'cairn commands completion zsh > "${fpath[1]}/_cairn"',
        'cairn commands completion fish > ~/.config/fish/completions/cairn.fish',
      ]),
    )
    .action((shell: Shell, _, self: Program) =>
      act(globalsOf(self), async ({ output }) => {
        const [{ COMPLETIONS }, { wordsOf }] = await Promise.all([import('./completion.ts'), import('./words.ts')])
        await output.write(COMPLETIONS[shell](wordsOf(program)))
      }),
    )
}

function addCommand(program: Program, command: Command, act: Action): void {
  const name = command.path.at(-1)
  const parent = command.path.slice(0, -1).reduce(groupOf, program)
  const sub = parent
    .command(name ?? '')
    .description(command.summary)
    .configureHelp(HELP)
  for (const { name: argument, help, optional = false, repeat = false, isPiped = false } of command.arguments) {
    const word = `${argument}${repeat ? '...' : ''}`
    const lines = isPiped && optional === false ? '; by default what standard input has, one a line' : ''
    sub.argument(optional !== false || isPiped ? `[${word}]` : `<${word}>`, help + lines)
  }
  for (const [option, spec] of Object.entries(command.options)) addOption(sub, option, spec)
  if (command.fetches) addFetchOptions(sub)
  if (command.output !== 'bytes' && !('json' in command.options)) sub.option(...JSON_OPTION)
  sub.addHelpText('after', exampleText(command.examples))
  sub.action(async () => {
    const [globals, options] = [globalsOf(sub), optionsOf(sub, command)]
    requireSource(sub, command)
    requirePeers(sub, { command, globals, options })
    const contradiction = contradictionIn(command.options, options, '--')
    if (contradiction !== undefined) sub.error(`error: ${contradiction}`)
    const { runCommand } = await import('../run-command.ts')
    await act(globals, async (session) =>
      runCommand(command, { args: await argumentsOf(sub, command, session), options }, session),
    )
  })
}

function addFetchOptions(sub: Program): void {
  // One value each time, or it would take the arguments after it as well.
  sub.option(
    '--peer <address>',
    'fetch what is missing from this peer, a multiaddr or the URL of a trustless gateway; may be repeated',
    andMore,
  )
  sub.option(
    '--trace [file]',
    'tell in JSON lines where each block comes from and why it waits: on standard error, with --trace=FILE in a file',
  )
}

function groupOf(parent: Program, name: string): Program {
  return (
    parent.commands.find((command) => command.name() === name) ?? parent.command(name).description(GROUPS[name] ?? '')
  )
}

const GROUPS: Readonly<Record<string, string>> = {
  bitswap: 'See what is exchanged, and with whom',
  bootstrap: 'Peers to meet first',
  block: 'Read, store and delete single blocks',
  cid: 'See what CIDs consist of, and write them in other forms',
  config: 'Settings of the repo',
  dag: 'Work with DAGs, and move them as CAR files',
  diag: 'See how the node and its machine are',
  files: 'Files and folders that change, by paths from /',
  key: 'Keys that this repo can sign with',
  log: 'See what a daemon tells of itself, and set how much',
  multibase: 'Bytes as text, and back',
  peering: 'Peers that this repo stays connected to',
  pin: 'Keep content, and see what is kept',
  repo: 'Look into the repo and clean it up',
  stats: 'Numbers of a running node',
  swarm: 'Meet other peers',
  token: 'Who may call the RPC of a daemon',
}

function addOption(sub: Program, name: string, spec: OptionSpec): void {
  const short = spec.short === undefined ? '' : `-${spec.short}, `
  if (spec.type === 'flag') {
    sub.addOption(new Option(`${short}--${name}`, spec.help)).addOption(new Option(`--no-${name}`).hideHelp())
    return
  }
  const option = new Option(`${short}--${name} <${spec.value}>`, spec.help)
  if (spec.type === 'count') option.argParser((text) => countOf(text, spec.choices))
  else if (spec.type === 'texts') option.argParser(andMore)
  else if (spec.choices !== undefined) option.choices(spec.choices)
  else if (spec.check !== undefined) option.argParser(checkedText(spec.check))
  sub.addOption(option)
}

/** Options of the program alone: a command that has commands below it, as `refs` has, does not lend them its own. */
const HELP = {
  showGlobalOptions: true,
  visibleGlobalOptions: (command: Program): Option[] => {
    if (command.parent === null) return []
    let root = command
    while (root.parent !== null) root = root.parent
    return root.options.filter(({ hidden }) => !hidden)
  },
}

function exampleText(examples: readonly string[]): string {
  return `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}`
}

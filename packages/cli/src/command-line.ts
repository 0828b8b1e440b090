// From words to an exit code: parses, runs one command in a session, and says in one line what went wrong.
import { styleText } from 'node:util'
import { CommanderError, type Command as Program } from 'commander'
import { EXIT, failureOf } from './exit-code.ts'
import { OutputClosed } from './terminal/output.ts'
import { TOPICS } from './program/topics.ts'
import { fromMountHelper } from './program/mount-options.ts'
import { buildProgram, normalizeFlags } from './program/program.ts'
import { Session } from './session.ts'

/** Runs the command in `argv` of the program of this `version`. @returns the exit code; see {@link EXIT} */
export async function runCommandLine(argv: readonly string[], version: string): Promise<number> {
  const program = buildProgram(version, async (globals, run) => {
    await using session = new Session(globals)
    await run(session)
    await session.output.flush()
  })
  // Help is written without a session, and its reader may have gone as well.
  process.stdout.on('error', () => undefined)
  const topic = topicOf(argv)
  if (topic !== undefined) {
    process.stdout.write(`${topic}\n`)
    return EXIT.ok
  }
  try {
    await program.parseAsync(normalizeFlags(asHelpOption(fromMountHelper(argv), program)), { from: 'user' })
    return EXIT.ok
  } catch (error) {
    if (error instanceof OutputClosed) return EXIT.ok
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    const { exitCode, line } = failureOf(error)
    // Red on a terminal that has colours, unless NO_COLOR is set.
    const shown = line.replace(/^Error:/, (word) => styleText('red', word, { stream: process.stderr }))
    process.stderr.write(`${shown}\n`)
    return exitCode
  }
}

/** What `help TOPIC` tells; `undefined` for what is no topic. */
function topicOf([command, name = '', ...more]: readonly string[]): string | undefined {
  return command === 'help' && more.length === 0 && Object.hasOwn(TOPICS, name) ? TOPICS[name] : undefined
}

/**
 * `help pin add` as `pin add --help`: commander's own help command knows one word only. Words end at one that is no
 * command, which without `--help` is wrong usage, and with the name of a command that runs, so that none does.
 */
function asHelpOption(argv: readonly string[], program: Program): readonly string[] {
  if (argv[0] !== 'help') return argv
  const words: string[] = []
  let group = program
  for (const word of argv.slice(1)) {
    const named = group.commands.find((command) => command.name() === word)
    words.push(word)
    if (named === undefined && group.registeredArguments.length === 0) return words
    if (named === undefined || named.commands.length === 0) break
    group = named
  }
  return [...words, '--help']
}

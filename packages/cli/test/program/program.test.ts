import { COMMANDS } from '@cairn/rpc'
import { CommanderError, type Command as Program, type OutputConfiguration } from 'commander'
import { describe, expect, test } from 'vitest'
import { buildProgram, normalizeFlags } from '../../src/program/program.ts'
import { TOPICS } from '../../src/program/topics.ts'
import type { GlobalOptions } from '../../src/session.ts'

/** What the program makes of `argv`, without running the command; and what it prints. */
async function parse(...argv: readonly string[]): Promise<{ globals: GlobalOptions | undefined; printed: string }> {
  let globals: GlobalOptions | undefined
  let printed = ''
  const program = buildProgram('1.2.3', (given) => {
    globals = given
    return Promise.resolve()
  })
  const write = (text: string) => void (printed += text)
  quieten(program, { writeOut: write, writeErr: write })
  try {
    await program.parseAsync(normalizeFlags(argv), { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error
  }
  return { globals, printed }
}

function quieten(program: Program, output: OutputConfiguration): void {
  program.configureOutput(output)
  for (const command of program.commands) quieten(command, output)
}

test.for([
  [],
  ['nonsense'],
  ['--nonsense'],
  ['pin'],
  ['pin', 'nonsense'],
  ['add', '--nonsense', 'path'],
  ['add', '--chunker', 'rabid', 'path'],
  ['add', '--chunker', 'size-0', 'path'],
  ['add', '--chunker', 'size-9999999', 'path'],
  ['add', '--hash', 'md5', 'path'],
  ['add', '--profile', 'badger', 'path'],
  ['add', '--cid-version', '2', 'path'],
  ['add', '--cid-version', 'one', 'path'],
  ['add', '--max-file-links', '-1', 'path'],
  ['add', '--pin=maybe', 'path'],
  ['cat', '--offset', '-1', 'cid'],
  ['cat', '--length', '1e3', 'cid'],
  ['cat', '--json', 'cid'],
  ['files', 'read'],
  ['pin', 'update', 'cid', '--peer', '/ip4/127.0.0.1/tcp/1'],
  ['get', 'cid', 'cid'],
  ['get', '-l', '5', 'cid'],
  ['id', 'peer', 'extra'],
  ['version', 'extra'],
  ['init', '--profile', 'nonsense'],
  ['block', 'put', '--format', 'v1', 'path'],
  ['pin', 'ls', '--type', 'nonsense'],
  ['--timeout', 'soon', 'id'],
  ['--timeout', '600h', 'id'],
  ['--repo'],
])('%j is wrong usage', async (argv) => {
  await expect(parse(...argv)).rejects.toThrow(CommanderError)
})

test('the help names all topics, and no topic hides a command', async () => {
  const { printed } = await parse('--help')
  for (const [name, text] of Object.entries(TOPICS)) {
    expect(printed).toContain(name)
    expect(COMMANDS.some(({ path, aliases }) => [path, ...aliases].some(([first]) => first === name))).toBe(false)
    // A command that a topic quotes is there.
    for (const [, line = ''] of text.matchAll(/"cairn ((?:[a-z]+ ?)+)/g)) {
      const words = line.trim().split(' ')
      const isThere = COMMANDS.some(({ path }) => path.every((word, index) => word === words[index]))
      const isLocal = ['help', 'init', 'daemon', 'mount', 'umount'].includes(words[0] ?? '')
      expect(isThere || isLocal || words[1] === 'completion', line).toBe(true)
    }
  }
})

describe('what every command takes', () => {
  test('stands before or after the command', async () => {
    const wanted = { repo: '/r', timeoutMs: 1500, json: true, peers: [] }
    expect((await parse('--repo', '/r', '--timeout', '1.5s', 'id', '--json')).globals).toEqual(wanted)
    expect((await parse('id', '--json', '--repo', '/r', '--timeout', '1500ms')).globals).toEqual(wanted)
    expect((await parse('id')).globals).toEqual({ repo: undefined, timeoutMs: undefined, json: false, peers: [] })
  })

  test('a peer takes one address each time', async () => {
    expect((await parse('get', '--peer', 'a', 'cid')).globals?.peers).toEqual(['a'])
    expect((await parse('cat', '--peer', 'a', 'cid', 'cid', '--peer', 'b')).globals?.peers).toEqual(['a', 'b'])
  })

  test('a trace takes a file only with an equals sign', async () => {
    expect((await parse('get', '--trace', 'cid')).globals?.trace).toBe('-')
    expect((await parse('get', '--trace=file', 'cid')).globals?.trace).toBe('file')
    expect((await parse('get', 'cid')).globals?.trace).toBeUndefined()
    expect(normalizeFlags(['cat', '--', '--trace'])).toEqual(['cat', '--', '--trace'])
    await expect(parse('id', '--trace')).rejects.toThrow(CommanderError)
  })
})

test.for([
  [
    ['add', '--pin=true', '--raw-leaves=false', 'x'],
    ['add', '--pin', '--no-raw-leaves', 'x'],
  ],
  [
    ['add', '--chunker=size-5', '--repo=/true=false', '--other=true'],
    ['add', '--chunker=size-5', '--repo=/true=false', '--other=true'],
  ],
  [
    ['add', '--', '--pin=false'],
    ['add', '--', '--pin=false'],
  ],
])('flags with a value become what commander knows: %j', ([argv, wanted]) => {
  expect(normalizeFlags(argv ?? [])).toEqual(wanted)
})

test.for([['init'], ['daemon'], ['version'], ...COMMANDS.map(({ path }) => path)])(
  '%j --help shows examples, and --json where there is data',
  async (path) => {
    const { printed, globals } = await parse(...path, '--help')
    expect(globals).toBeUndefined()
    expect(printed).toMatch(/^Usage: cairn /)
    expect(printed).toMatch(/Examples:\n(?: {2}\$ .*cairn .*\n)+$/)
    const isBytes = COMMANDS.some((command) => command.path === path && command.output === 'bytes')
    expect(printed.includes('--json')).toBe(!isBytes && path[0] !== 'daemon')
    expect(printed.includes('--peer <address>')).toBe(
      COMMANDS.some((command) => command.path === path && command.fetches),
    )
  },
)

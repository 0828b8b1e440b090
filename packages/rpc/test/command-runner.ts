// Runs commands of the table on a repo of their own, as the command line and the RPC do.
import { join } from 'node:path'
import { createRepo, openNode, readRepo, type Node } from '@cairn/node'
import type { ImportSource, NamedSource } from '@cairn/core'
import { onTestFinished } from 'vitest'
import { COMMANDS, type Command, type CommandInput } from '../src/index.ts'
import { tempFolder } from './temp-folder.ts'

/** What a command is called with; the rest is empty. */
export type Call = Partial<CommandInput>

/** A repo of profile `test` and the node on it, which is offline. */
export interface CommandRunner {
  readonly path: string
  readonly node: Node
  run(name: string, call?: Call): Promise<unknown[]>
  /** What Kubo's RPC answers: one value, or all lines. */
  answer(name: string, call?: Call): Promise<unknown>
  /** The bytes of a command that gives bytes, as text. */
  bytes(name: string, call?: Call): Promise<string>
  /** What people see. */
  text(name: string, call?: Call): Promise<string>
}

/** A new repo, which goes with the test. */
export async function openRunner(): Promise<CommandRunner> {
  const path = join(await tempFolder(), 'repo')
  await createRepo(path, 'test')
  const node = await openNode(path)
  onTestFinished(() => node.close())
  const inputOf = (call: Call = {}): CommandInput => ({
    args: [],
    sources: [],
    options: {},
    node: () => Promise.resolve(node),
    reader: () => Promise.resolve(node.blocks),
    repo: () => readRepo(path),
    agentVersion: 'cairn/1.2.3',
    signal: new AbortController().signal,
    ...call,
  })
  const run = (name: string, call?: Call) => Array.fromAsync<unknown>(commandAt(name).run(inputOf(call)))
  return {
    path,
    node,
    run,
    async answer(name, call) {
      const command = eventsOf(name)
      const answer = command.answer(command.run(inputOf(call)), call?.options ?? {})
      return answer instanceof Promise ? answer : Array.fromAsync(answer)
    },
    bytes: async (name, call) => Buffer.concat((await run(name, call)) as Buffer[]).toString(),
    async text(name, call) {
      const command = eventsOf(name)
      const lines = (await run(name, call)).map((event) => command.text(event, call?.options ?? {}))
      return lines.filter((line) => line !== undefined).join('\n')
    },
  }
}

/** A file with this text. */
export function fileSource(text: string): ImportSource {
  return {
    kind: 'file',
    async *content() {
      yield Buffer.from(text)
    },
  }
}

/** The one source of a call. */
export function sourcesOf(text: string): readonly NamedSource[] {
  return [{ name: 'f', source: fileSource(text) }]
}

function commandAt(name: string): Command {
  const command = COMMANDS.find(({ path, aliases }) => [path, ...aliases].some((words) => words.join(' ') === name))
  if (command === undefined) throw new Error(`there is no command ${name}`)
  return command
}

function eventsOf(name: string) {
  const command = commandAt(name)
  if (command.output !== 'events') throw new Error(`${name} has no events`)
  return command
}

// What a command line says, once commander has read it: arguments, options, and standard input in their place.
import { fstatSync } from 'node:fs'
import { addAbortSignal } from 'node:stream'
import type { Command as Program } from 'commander'
import type { ArgumentSpec, Command, CommandInput } from '@cairn/rpc'
import type { GlobalOptions, Session } from '../session.ts'

interface Asked {
  readonly command: Command
  readonly globals: GlobalOptions
  readonly options: CommandInput['options']
}

/** Refuses to work without an argument where standard input, a terminal or the null device, cannot be meant, as Kubo does. */
export function requireSource(sub: Program, command: Command): void {
  const index = command.arguments.findIndex(({ kind }) => kind === 'source')
  const source = command.arguments[index] ?? pipedArgument(command)
  if (source === undefined || sub.args.length > Math.max(index, 0) || isStandardInputPiped()) return
  if (source.optional === 'piped' || source.isPiped === true) sub.error(missing(source))
}

/** The argument for which standard input may stand; that of a command which needs none has another meaning when it is left out. */
function pipedArgument({ arguments: [first] }: Command): ArgumentSpec | undefined {
  return first?.isPiped === true && first.optional !== true ? first : undefined
}

function missing({ name }: ArgumentSpec): string {
  return `error: missing required argument '${name}'`
}

/** What the command line says, or else standard input, which says at least one thing. */
export async function argumentsOf(sub: Program, command: Command, { signal }: Session): Promise<readonly string[]> {
  const piped = pipedArgument(command)
  if (piped === undefined || sub.args.length > 0) return sub.args
  const { readPipedWords } = await import('./piped-words.ts')
  const words = await readPipedWords(addAbortSignal(signal, process.stdin), signal)
  if (words.length === 0) sub.error(missing(piped))
  if (words.length > 1 && piped.repeat !== true) sub.error(`error: standard input has more than one ${piped.name}`)
  return words
}

function isStandardInputPiped(): boolean {
  try {
    return !fstatSync(0).isCharacterDevice()
  } catch {
    return false // it is closed
  }
}

/** Refuses flags that need a peer when none is named. */
export function requirePeers(sub: Program, { command, globals, options }: Asked): void {
  for (const [name, spec] of Object.entries(command.options)) {
    if (spec.type === 'flag' && spec.needsPeers === true && options[name] === true && globals.peers.length === 0)
      sub.error(`error: --${name} needs a peer that has the blocks; name it with --peer <address>`)
  }
}

/** The values of a command's options under their names in the table. */
export function optionsOf(sub: Program, { options }: Command): CommandInput['options'] {
  const values: Record<string, OptionValue> = {}
  for (const option of sub.options) {
    const value: unknown =
      sub.getOptionValueSource(option.attributeName()) === undefined
        ? undefined
        : sub.getOptionValue(option.attributeName())
    const name = option.name().replace(/^no-/, '')
    if (name in options && isOptionValue(value)) values[name] = value
  }
  return values
}

type OptionValue = NonNullable<CommandInput['options'][string]>

function isOptionValue(value: unknown): value is OptionValue {
  return ['boolean', 'number', 'string'].includes(typeof value) || Array.isArray(value)
}

/** The options of the program, which stand before or behind the words of any command. */
export function globalsOf(command: Program): GlobalOptions {
  const given = command.optsWithGlobals<GivenOptions>()
  const { repo, timeout, json = false, peer = [], trace, api, apiAuth } = given
  const { cidBase: base, upgradeCidv0InOutput: upgrade } = given
  const cidForm = base === undefined && upgrade === undefined ? undefined : { base, upgrade }
  // A command may have an option of this name and its own, which is one text.
  return { repo, timeoutMs: timeout, json, peers: Array.isArray(peer) ? peer : [], trace, api, apiAuth, cidForm }
}

interface GivenOptions {
  readonly repo?: string
  readonly timeout?: number
  readonly json?: boolean
  readonly peer?: string | string[]
  readonly trace?: string
  readonly api?: string
  readonly apiAuth?: string
  readonly cidBase?: string
  readonly upgradeCidv0InOutput?: boolean
}

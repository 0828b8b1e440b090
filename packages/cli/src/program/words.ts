// The words that a command line may have next, taken from the program itself, for the shells that complete them.
import type { Command as Program, Option } from 'commander'

/** What may follow the words of one command, or of a group of commands. */
export interface Words {
  /** Those words without the first, such as `pin ls`; empty for the program. */
  readonly path: string
  /** Commands, and arguments of which only certain ones are taken. */
  readonly commands: readonly NamedWord[]
  /** Those that stand in its help; the ones of the program may be given anywhere. */
  readonly options: readonly OptionWords[]
}

/** A word and what it is. */
export interface NamedWord {
  readonly name: string
  readonly summary: string
}

/** One option. */
export interface OptionWords {
  /** With its dashes: `--type`. */
  readonly long: string
  /** With its dash: `-t`. */
  readonly short: string | undefined
  readonly summary: string
  /** Name of its value; absent where it takes none in a word of its own. */
  readonly value: string | undefined
  /** The only values, where these are known; else files are offered. */
  readonly choices: readonly string[]
}

/** The words of a program, and of each of its commands. */
export function wordsOf(program: Program): [Words, ...Words[]] {
  const all = { ...wordsAt(program, []), options: [...optionsOf(program), HELP] }
  return [all, ...program.commands.flatMap((sub) => wordsBelow(sub, [sub.name()]))]
}

const HELP: OptionWords = { long: '--help', short: '-h', summary: 'show help', value: undefined, choices: [] }

function wordsBelow(command: Program, path: readonly string[]): Words[] {
  return [wordsAt(command, path), ...command.commands.flatMap((sub) => wordsBelow(sub, [...path, sub.name()]))]
}

function wordsAt(command: Program, path: readonly string[]): Words {
  const commands = command.commands.map((sub) => ({ name: sub.name(), summary: sub.description() }))
  const choices = command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices)
  const words = choices.map((name) => ({ name, summary: name }))
  return { path: path.join(' '), commands: [...commands, ...words], options: optionsOf(command) }
}

function optionsOf({ options }: Program): OptionWords[] {
  return options.filter(({ hidden, long }) => !hidden && typeof long === 'string').map(wordsOfOption)
}

function wordsOfOption({ long, short, description, flags, required, argChoices = [] }: Option): OptionWords {
  const [, name = 'value'] = /[<](.+?)(?:\.\.\.)?[>]/.exec(flags) ?? []
  return { long: long ?? '', short, summary: description, value: required ? name : undefined, choices: argChoices }
}

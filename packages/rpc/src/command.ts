// The form of a command. One table of these serves the command line, and later the HTTP server and its client:
// commands take texts and sources, yield events with Kubo's field names, and never print.
import type { BlockReader, KnownContent, NamedSource, TreeBytes, TreeItem } from '@cairn/core'
import type { Node, RepoInfo } from '@cairn/node'
import type { Operation } from './commands/operation.ts'
import type { OptionSpecs, OptionValues } from './commands/option-spec.ts'

/** One positional argument. */
export interface ArgumentSpec {
  readonly name: string
  readonly help: string
  /** `source`: a file, folder or standard input, which the caller turns into a source. */
  readonly kind?: 'text' | 'source'
  /** `piped`: a source that may be left out only where standard input is a pipe or a file, which then stands for it. */
  readonly optional?: boolean | 'piped'
  /** On the command line, lines of standard input stand for it where it is left out, as Kubo's. */
  readonly isPiped?: true
  /** Its value may be a secret, and is not told in a list of calls. */
  readonly isSecret?: boolean
  /** Takes all that follow as well. */
  readonly repeat?: boolean
}

/** What a command is given. */
export interface CommandInput<Specs extends OptionSpecs = OptionSpecs> {
  /** Values of the arguments of kind `text`. */
  readonly args: readonly string[]
  /** Values of the arguments of kind `source`, each read to its end before the next one is asked for. */
  readonly sources: AsyncIterable<NamedSource> | readonly NamedSource[]
  readonly options: OptionValues<Specs>
  /** The node to work on; it is opened at the first call, so a command that needs none works without a repo. */
  readonly node: () => Promise<Node>
  /** The node, where one runs already; a command that needs none does not open one for what it could add. */
  readonly running?: Node | undefined
  /** Blocks of that node, and of its peers where it is online. */
  readonly reader: () => Promise<BlockReader>
  /** Path, version and settings of the repo, which is neither opened nor locked for it. */
  readonly repo: () => Promise<RepoInfo>
  /** Name and version of this program, as peers see it. */
  readonly agentVersion: string
  /** Ends the daemon that runs the command, once it has answered; absent where none does. */
  readonly shutdown?: (() => void) | undefined
  /** How the daemon that runs the command is watched; absent where none does. */
  readonly operation?: Operation | undefined
  readonly signal: AbortSignal
  /** Told how many bytes a command yields in all, before the first of them, where that is known. */
  readonly onLength?: ((bytes: number) => void) | undefined
  /** Of a tree, what its receiver has already. */
  readonly known?: KnownContent | undefined
}

/** How far a long command is: bytes of `name` done. */
export interface Progress {
  readonly name: string
  readonly bytes?: number
  readonly blocks?: number
}

/** What every command has beside its way of giving results. */
interface CommandBase {
  /** Words that call it: `['pin', 'add']`. */
  readonly path: readonly string[]
  /** Other words that call it. */
  readonly aliases: readonly (readonly string[])[]
  readonly summary: string
  /** Lines for the help: command, two spaces or more, what it does. */
  readonly examples: readonly string[]
  readonly arguments: readonly ArgumentSpec[]
  readonly options: OptionSpecs
  /** Whether it reads content that peers may have. */
  readonly fetches: boolean
  /** Whether it can only work on a node that is online. */
  readonly network: boolean
  /** Whether it fails and says so while damage may have taken pins; else whoever runs it says so. */
  readonly tellsLostPins: boolean
  /** Whether it is about a node or a repo; else it runs where it is called. */
  readonly usesNode: boolean
  /** Whether it is for the command line alone, on the machine of the repo. */
  readonly isLocal: boolean
}

/** A line of a table on a terminal. */
export type TableRow = readonly Cell[]

/** One field of a row. */
export interface Cell {
  readonly text: string
  /** Whether it stands at the right of its column. */
  readonly isNumber?: boolean
  readonly tone?: 'folder' | 'good' | 'note' | 'bad' | 'quiet' | undefined
}

/** A command that yields JSON values. */
export interface EventCommand extends CommandBase {
  readonly output: 'events'
  run(input: CommandInput): AsyncIterable<unknown>
  /** The event as lines of text without the last line feed, or `undefined` when it is not for people. */
  text(event: unknown, options: OptionValues<OptionSpecs>): string | undefined
  /** The event as rows of a table, for a terminal; where there are none, its text stands there as well. */
  rows(event: unknown, options: OptionValues<OptionSpecs>): readonly TableRow[]
  /** The event as progress, or `undefined` when it is a result. */
  progress(event: unknown): Progress | undefined
  /** The event as a line of text for people alone, which is no result and not in JSON; else `undefined`. */
  note(event: unknown): string | undefined
  /** The results as Kubo's RPC has them: one value, none where it is `undefined`, or a line for each. */
  answer(events: AsyncIterable<unknown>, options: OptionValues<OptionSpecs>): Promise<unknown> | AsyncIterable<unknown>
}

/** A command that yields the bytes of one thing. */
export interface BytesCommand extends CommandBase {
  readonly output: 'bytes'
  /** What the bytes are, for HTTP. */
  readonly contentType: string
  /** The file that the command line writes them to, unless it is told where to; `undefined` for standard output. */
  fileName(call: Pick<CommandInput, 'args' | 'options'>): string | undefined
  /** Permissions of a file that it is written to, as far as the umask lets them be. */
  readonly fileMode: number
  run(input: CommandInput): AsyncIterable<Uint8Array>
}

/** A command that yields a tree of files, in the order of `readTree`. */
export interface TreeCommand extends CommandBase {
  readonly output: 'tree'
  run(input: CommandInput): AsyncIterable<TreeItem | TreeBytes>
}

/** One command of the table. */
export type Command = EventCommand | BytesCommand | TreeCommand

/** What the compiler knows of a command: its words, its arguments, its options, and what comes out of it. */
export interface CommandTypes {
  readonly path: readonly string[]
  readonly arguments: readonly ArgumentSpec[]
  readonly options: OptionSpecs
  readonly event: unknown
}

/** A row of the table, which carries what the compiler knows of it. */
export interface Typed<Types extends CommandTypes> {
  /** Never there. */
  readonly types?: Types
}

/** What the compiler knows of a row of the table. */
export type TypesOf<Row> = Row extends Typed<infer Types> ? Types : never

type Definition<Types extends Omit<CommandTypes, 'event'>> = Omit<
  CommandBase,
  'path' | 'aliases' | 'arguments' | 'options' | 'fetches' | 'network' | 'tellsLostPins' | 'usesNode' | 'isLocal'
> & {
  readonly path: Types['path']
  readonly aliases?: readonly (readonly string[])[]
  readonly arguments?: Types['arguments']
  readonly options: Types['options']
  readonly fetches?: boolean
  readonly network?: boolean
  readonly tellsLostPins?: boolean
  readonly usesNode?: boolean
  readonly isLocal?: boolean
}

/** What a command is when it does not say otherwise. */
const PLAIN = {
  aliases: [],
  arguments: [],
  fetches: false,
  network: false,
  tellsLostPins: false,
  usesNode: true,
  isLocal: false,
} as const

/** Defines a command that yields JSON values; the types of arguments, options and events follow from the definition. */
export function eventCommand<
  const Path extends readonly string[],
  Specs extends OptionSpecs,
  Event,
  const Args extends readonly ArgumentSpec[] = readonly [],
>(
  definition: Definition<{ path: Path; arguments: Args; options: Specs }> & {
    run(input: CommandInput<Specs>): AsyncIterable<Event>
    text(event: Event, options: OptionValues<Specs>): string | undefined
    rows?(event: Event, options: OptionValues<Specs>): readonly TableRow[]
    progress?(event: Event): Progress | undefined
    note?(event: Event): string | undefined
    answer?(events: AsyncIterable<Event>, options: OptionValues<Specs>): Promise<unknown> | AsyncIterable<unknown>
  },
): EventCommand & Typed<{ path: Path; arguments: Args; options: Specs; event: Event }> {
  const silent = () => undefined
  const plain = {
    ...PLAIN,
    rows: () => [],
    progress: silent,
    note: silent,
    answer: (events: AsyncIterable<unknown>) => events,
  }
  return { ...plain, ...definition, output: 'events' }
}

/** Defines a command that yields bytes. */
export function bytesCommand<
  const Path extends readonly string[],
  Specs extends OptionSpecs,
  const Args extends readonly ArgumentSpec[] = readonly [],
>(
  definition: Definition<{ path: Path; arguments: Args; options: Specs }> & {
    readonly contentType?: string
    fileName?(call: Pick<CommandInput<Specs>, 'args' | 'options'>): string | undefined
    readonly fileMode?: number
    run(input: CommandInput<Specs>): AsyncIterable<Uint8Array>
  },
): BytesCommand & Typed<{ path: Path; arguments: Args; options: Specs; event: Uint8Array }> {
  const plain = { ...PLAIN, contentType: 'text/plain', fileName: () => undefined, fileMode: 0o666 }
  return { ...plain, ...definition, output: 'bytes' }
}

/** Defines a command that yields a tree of files. */
export function treeCommand<
  const Path extends readonly string[],
  Specs extends OptionSpecs,
  const Args extends readonly ArgumentSpec[] = readonly [],
>(
  definition: Definition<{ path: Path; arguments: Args; options: Specs }> & {
    run(input: CommandInput<Specs>): AsyncIterable<TreeItem | TreeBytes>
  },
): TreeCommand & Typed<{ path: Path; arguments: Args; options: Specs; event: TreeItem | TreeBytes }> {
  return { ...PLAIN, ...definition, output: 'tree' }
}

/** The first argument of a command that cannot be called without it. */
export function firstArgument({ args }: { readonly args: readonly string[] }): string {
  const [first] = args
  if (first === undefined) throw new TypeError('the command was called without its argument')
  return first
}

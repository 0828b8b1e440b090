// cairn add: files and folders into blocks.
import {
  CairnError,
  checkPinName,
  dropBlocks,
  formatCid,
  importTree,
  parseMfsPath,
  type EntryEvent,
  type ImportSettings,
  type NamedSource,
  type ProgressEvent,
} from '@cairn/core'
import { eventCommand, type CommandInput } from '../command.ts'
import type { OptionSpecs, OptionValues } from './option-spec.ts'
import { formatMode } from '../metadata.ts'
import { printable } from '../printable.ts'
import { importSettings, SETTING_OPTIONS } from './add-settings.ts'

/** A finished entry, or progress within one: field names are Kubo's. */
type AddEvent =
  | {
      readonly Name: string
      readonly Hash: string
      readonly Size: string
      readonly Mode?: string | undefined
      readonly Mtime?: number | undefined
      readonly MtimeNsecs?: number | undefined
    }
  | { readonly Name: string; readonly Bytes: number }

/** What the caller takes of the disk, and how. */
const SOURCE_OPTIONS = {
  hidden: { type: 'flag', short: 'H', isLocal: true, help: 'include files and folders whose name begins with a dot' },
  ignore: {
    type: 'texts',
    value: 'RULE',
    isLocal: true,
    help: 'leave out what this rule of .gitignore matches; may be repeated',
  },
  'ignore-rules-path': {
    type: 'text',
    value: 'FILE',
    isLocal: true,
    help: 'leave out what the rules in this file match',
  },
  'dereference-args': { type: 'flag', isLocal: true, help: 'add what the named symbolic links point to' },
  'dereference-symlinks': { type: 'flag', isLocal: true, help: 'add what symbolic links point to, in folders as well' },
  'stdin-name': { type: 'text', value: 'NAME', isLocal: true, help: 'name of what comes from standard input' },
} as const satisfies OptionSpecs

const OPTIONS = {
  recursive: { type: 'flag', short: 'r', help: 'add folders with everything below them' },
  progress: { type: 'flag', help: 'tell how far it is; on by default on a terminal' },
  silent: { type: 'flag', help: 'print nothing' },
  quieter: { type: 'flag', short: 'Q', help: 'print only the CID of each root' },
  quiet: { type: 'flag', short: 'q', help: 'print only CIDs' },
  'only-hash': { type: 'flag', short: 'n', help: 'compute the CID and store nothing; needs no repo' },
  pin: { type: 'flag', help: 'pin the root; on by default' },
  'pin-name': {
    type: 'text',
    value: 'NAME',
    check: checkPinName,
    excludes: ['only-hash'],
    help: 'a name for the pin',
  },
  'wrap-with-directory': {
    type: 'flag',
    short: 'w',
    help: 'put everything into one directory, so that names are kept',
  },
  wrap: { type: 'flag', help: 'the same as --wrap-with-directory' },
  'to-files': {
    type: 'text',
    value: 'PATH',
    check: parseMfsPath,
    excludes: ['only-hash'],
    help: 'also put it into the mutable files; one that ends with / is the folder for it',
  },
  nocopy: { type: 'flag', help: 'not supported: blocks are always copied into the repo' },
  fscache: { type: 'flag', help: 'not supported' },
  ...SETTING_OPTIONS,
  ...SOURCE_OPTIONS,
} as const satisfies OptionSpecs

export const add = eventCommand({
  path: ['add'],
  summary: 'Add files and folders, pin them and print their CIDs',
  examples: [
    'cairn add photo.jpg',
    'cairn add -r ~/pictures',
    'tar c . | cairn add -Q',
    'cairn add -n --profile unixfs-v0-2015 photo.jpg   what Kubo would call it',
  ],
  arguments: [
    {
      name: 'path',
      kind: 'source',
      optional: 'piped',
      repeat: true,
      help: 'file or folder, - for standard input, which is the default in a pipe',
    },
  ],
  options: OPTIONS,
  async *run(input): AsyncGenerator<AddEvent> {
    const settings = importSettings(input.options)
    const unbuilt = (['nocopy', 'fscache'] as const).find((name) => input.options[name] === true)
    if (unbuilt !== undefined)
      throw new CairnError('UNSUPPORTED', `Cannot add with ${unbuilt}: blocks are always copied into the repo`)
    const sources = isWrapped(input.options) ? [wrapped(input.sources)] : input.sources
    for await (const source of sources) {
      for await (const event of importEvents(input, source, settings)) {
        const Name = event.path.replace(/^\//, '')
        if (event.kind === 'progress') yield { Name, Bytes: event.bytes }
        else yield { Name, ...entryFields(event) }
      }
    }
  },
  answer: named,
  text(event, options) {
    if ('Bytes' in event) return undefined
    const { quiet = false, quieter = false, silent = false } = options
    if (silent) return undefined
    const isRoot = isWrapped(options) ? event.Name === '' : !event.Name.includes('/')
    if (quieter) return isRoot ? event.Hash : undefined
    return quiet ? event.Hash : `added ${event.Hash} ${event.Name === '' ? event.Hash : printable(event.Name)}`
  },
  progress: (event) => ('Bytes' in event ? { name: event.Name, bytes: event.Bytes } : undefined),
})

async function* importEvents(
  input: CommandInput<typeof OPTIONS>,
  source: NamedSource,
  settings: ImportSettings,
): AsyncGenerator<ProgressEvent | EntryEvent> {
  const { 'only-hash': onlyHash = false, 'to-files': toFiles, 'pin-name': pinName, pin = true } = input.options
  if (onlyHash) yield* dropBlocks(importTree(source, settings))
  else yield* (await input.node()).add(source, { settings, pin, pinName, toFiles, signal: input.signal })
}

/** As in Kubo, a file without a name goes by its CID; what everything was put into has none. */
async function* named(
  events: AsyncIterable<AddEvent>,
  options: OptionValues<typeof OPTIONS>,
): AsyncGenerator<AddEvent> {
  for await (const event of events)
    if (options.silent !== true || !('Hash' in event))
      yield 'Hash' in event && event.Name === '' && !isWrapped(options) ? { ...event, Name: event.Hash } : event
}

function isWrapped({ wrap, 'wrap-with-directory': wrapLong }: OptionValues<typeof OPTIONS>): boolean {
  return wrap === true || wrapLong === true
}

function wrapped(sources: CommandInput['sources']): NamedSource {
  async function* entries(): AsyncGenerator<NamedSource> {
    for await (const source of sources) {
      if (source.name === '')
        throw new CairnError(
          'INVALID',
          'Cannot put standard input into a directory: it needs a name, with --stdin-name',
        )
      yield source
    }
  }
  return { name: '', source: { kind: 'directory', entries } }
}

function entryFields({ cid, tsize, metadata: { mode, mtime } = {} }: EntryEvent) {
  return {
    Hash: formatCid(cid),
    Size: String(tsize),
    Mode: mode === undefined ? undefined : formatMode(mode),
    Mtime: mtime === undefined ? undefined : Number(mtime.seconds),
    MtimeNsecs: mtime === undefined || mtime.nanoseconds === 0 ? undefined : mtime.nanoseconds,
  }
}

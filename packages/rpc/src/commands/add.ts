// cairn add: files and folders into blocks.
import {
  dropBlocks,
  formatCid,
  HASH_NAMES,
  importTree,
  parseChunker,
  PROFILES,
  hashByName,
  type EntryEvent,
  type ImportSettings,
  type NamedSource,
  type ProfileName,
  type ProgressEvent,
} from '@cairn/core'
import { eventCommand, type CommandInput, type OptionSpecs, type OptionValues } from '../command.ts'
import { printable } from '../printable.ts'

/** A finished entry, or progress within one: field names are Kubo's. */
type AddEvent =
  | { readonly Name: string; readonly Hash: string; readonly Size: string }
  | { readonly Name: string; readonly Bytes: number }

const OPTIONS = {
  recursive: { type: 'flag', short: 'r', help: 'add folders with everything below them' },
  quieter: { type: 'flag', short: 'Q', help: 'print only the CID of each root' },
  quiet: { type: 'flag', short: 'q', help: 'print only CIDs' },
  'only-hash': { type: 'flag', short: 'n', help: 'compute the CID and store nothing; needs no repo' },
  pin: { type: 'flag', help: 'pin the root; on by default' },
  'wrap-with-directory': {
    type: 'flag',
    short: 'w',
    help: 'put everything into one directory, so that names are kept',
  },
  profile: {
    type: 'text',
    value: 'NAME',
    choices: Object.keys(PROFILES),
    help: 'settings that decide the CID; unixfs-v1-2025 by default',
  },
  'cid-version': { type: 'count', value: 'N', choices: ['0', '1'], help: 'CID version of files and directories' },
  'raw-leaves': { type: 'flag', help: 'store file content as raw blocks; on by default with CID version 1' },
  chunker: { type: 'text', value: 'size-N', check: parseChunker, help: 'how files are cut: chunks of N bytes' },
  hash: {
    type: 'text',
    value: 'NAME',
    choices: HASH_NAMES,
    help: 'hash function; any but sha2-256 needs CID version 1',
  },
  'max-file-links': { type: 'count', value: 'N', help: 'links of a file node at most' },
  hidden: { type: 'flag', short: 'H', help: 'include files and folders whose name begins with a dot' },
} as const satisfies OptionSpecs

export const add = eventCommand({
  path: ['add'],
  summary: 'Add files and folders, pin them and print their CIDs',
  examples: [
    'cairn add photo.jpg',
    'cairn add -r ~/pictures',
    'tar c . | cairn add -Q -',
    'cairn add -n --profile unixfs-v0-2015 photo.jpg   what Kubo would call it',
  ],
  arguments: [{ name: 'path', kind: 'source', repeat: true, help: 'file or folder, - for standard input' }],
  options: OPTIONS,
  async *run(input): AsyncGenerator<AddEvent> {
    const settings = importSettings(input.options)
    const sources = input.options['wrap-with-directory'] === true ? [wrapped(input.sources)] : input.sources
    for (const source of sources) {
      for await (const event of importEvents(input, source, settings)) {
        const Name = event.path.replace(/^\//, '')
        if (event.kind === 'progress') yield { Name, Bytes: event.bytes }
        else yield { Name, Hash: formatCid(event.cid), Size: String(event.tsize) }
      }
    }
  },
  text(event, { quiet = false, quieter = false, 'wrap-with-directory': wrap = false }) {
    if ('Bytes' in event) return undefined
    const isRoot = wrap ? event.Name === '' : !event.Name.includes('/')
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
  const { 'only-hash': onlyHash = false, pin = true } = input.options
  if (onlyHash) yield* dropBlocks(importTree(source, settings))
  else yield* (await input.node()).add(source, { settings, pin, signal: input.signal })
}

/** The profile with what single options change in it. What follows from the CID version does so unless it is given. */
function importSettings(options: OptionValues<typeof OPTIONS>): ImportSettings {
  const profile = PROFILES[(options.profile ?? 'unixfs-v1-2025') as ProfileName]
  const hash = options.hash === undefined ? profile.hash : hashByName(options.hash).name
  const cidVersion =
    options['cid-version'] === undefined
      ? hash === 'sha2-256'
        ? profile.cidVersion
        : 1
      : options['cid-version'] === 0
        ? 0
        : 1
  return {
    ...profile,
    hash,
    cidVersion,
    rawLeaves: options['raw-leaves'] ?? cidVersion === 1,
    chunker: options.chunker ?? profile.chunker,
    linksPerNode: options['max-file-links'] ?? profile.linksPerNode,
  }
}

function wrapped(sources: readonly NamedSource[]): NamedSource {
  async function* entries(): AsyncGenerator<NamedSource> {
    yield* sources
  }
  return { name: '', source: { kind: 'directory', entries } }
}

// cairn repo stat, gc and version.
import { CairnError, isCairnError, formatBytes, formatCid, formatCount, parseBytes, type BlockStore } from '@cairn/core'
import { lastEvent, only } from './answers.ts'
import { eventCommand } from '../command.ts'
import type { OptionSpecs, OptionValues } from './option-spec.ts'

const versionText = (version: number) => `cairn-repo@${version}`

/** Sizes in bytes. Live is what a pin keeps; reclaimable, what a collection would delete. */
type StatEvent =
  | { readonly Marked: number }
  | {
      readonly RepoSize: number
      readonly StorageMax: number
      readonly NumObjects?: number
      readonly BlockBytes?: number
      readonly LiveObjects?: number
      readonly LiveBytes?: number
      readonly ReclaimableBytes?: number
      readonly RepoPath: string
      readonly Version: string
    }

export const repoStat = eventCommand({
  path: ['repo', 'stat'],
  aliases: [['stats', 'repo']],
  summary: 'Print what the repo takes on disk, how many blocks it holds, and how many of them pins keep',
  examples: [
    'cairn repo stat',
    'cairn repo stat --human',
    'cairn repo stat --size-only   at once: pins are not looked at',
    'cairn repo stat --json',
  ],
  options: {
    'size-only': { type: 'flag', short: 's', help: 'only what the repo takes, and what it may' },
    human: { type: 'flag', short: 'H', help: 'sizes such as 1.5 GiB' },
  },
  async *run({ node, repo, options: { 'size-only': sizeOnly = false }, signal }): AsyncGenerator<StatEvent> {
    const { path, version } = await repo()
    const about = { RepoPath: path, Version: versionText(version) }
    const opened = await node()
    if (sizeOnly) {
      const { bytes, bytesMax } = await opened.size()
      yield { RepoSize: bytes, StorageMax: bytesMax, ...about }
      return
    }
    let live = { blocks: 0, bytes: 0 }
    for await (live of opened.measureLive({ signal })) yield { Marked: live.blocks }
    const total = await opened.store.stat()
    const { bytes, bytesMax } = await opened.size()
    yield {
      RepoSize: bytes,
      StorageMax: bytesMax,
      NumObjects: total.blocks,
      BlockBytes: total.bytes,
      LiveObjects: live.blocks,
      LiveBytes: live.bytes,
      ReclaimableBytes: total.bytes - live.bytes,
      ...about,
    }
  },
  answer: lastEvent,
  text(event, { human = false, 'size-only': sizeOnly = false }) {
    if ('Marked' in event) return undefined
    const shown = (name: string, value: number | string) =>
      human && typeof value === 'number' && !name.endsWith('Objects') ? formatBytes(value) : String(value)
    // As Kubo has it; JSON has all fields.
    return Object.entries(event)
      .filter(([name]) => !sizeOnly || name === 'RepoSize' || name === 'StorageMax')
      .map(([name, value]) => `${`${name}:`.padEnd(18)}${shown(name, value)}`)
      .join('\n')
  },
  progress: (event) => ('Marked' in event ? { name: 'marking', blocks: event.Marked } : undefined),
})

type GcEvent =
  | { readonly Name: 'marking' | 'deleting'; readonly Blocks: number; readonly Bytes: number }
  | { readonly Key: { readonly '/': string } }
  /** Comes last, for people: Kubo has only keys. */
  | { readonly RemovedObjects: number; readonly RemovedBytes: number; readonly FreedBytes: number }

const GC_OPTIONS = {
  quiet: { type: 'flag', short: 'q', help: 'print only CIDs' },
  silent: { type: 'flag', help: 'print nothing' },
  'stream-errors': { type: 'flag', help: 'tell what went wrong as a result as well' },
  to: {
    type: 'text',
    value: 'SIZE',
    check: bytesOf,
    excludes: ['free'],
    help: 'stop when blocks and index take no more than this on disk',
  },
  free: { type: 'text', value: 'SIZE', check: bytesOf, help: 'stop when so much is given back to the disk' },
} as const satisfies OptionSpecs

export const repoGc = eventCommand({
  path: ['repo', 'gc'],
  summary: 'Delete the blocks that no pin keeps, and give their space back; may be stopped and run again',
  examples: [
    'cairn repo gc',
    'cairn repo gc -q > removed.txt   CIDs as raw blocks: bytes are kept by their hash alone',
    'cairn repo gc --to 10GB     until the repo takes 10 GB',
    'cairn repo gc --free 2GiB   until 2 GiB are given back',
  ],
  options: GC_OPTIONS,
  tellsLostPins: true,
  async *run({ node, options, signal }): AsyncGenerator<GcEvent> {
    const { quiet = false, silent = false } = options
    const opened = await node()
    const downToBytes = await gcTarget(options, opened.store)
    const removed = { blocks: 0, bytes: 0 }
    let freedBytes = 0
    for await (const event of opened.collect({ signal, downToBytes })) {
      if (event.kind === 'marked') yield { Name: 'marking', Blocks: event.blocks, Bytes: event.bytes }
      if (event.kind === 'freed') freedBytes += event.bytes
      if (event.kind !== 'removed') continue
      for (const { cid, size } of event.blocks) {
        removed.blocks++
        removed.bytes += size
        if (!silent) yield { Key: { '/': formatCid(cid) } }
      }
      yield { Name: 'deleting', Blocks: removed.blocks, Bytes: removed.bytes }
    }
    if (quiet || silent) return
    yield { RemovedObjects: removed.blocks, RemovedBytes: removed.bytes, FreedBytes: freedBytes }
  },
  answer: (events, options) => gcResults(events, options['stream-errors'] === true),
  text(event, { quiet = false }) {
    if (!('Key' in event)) return undefined
    return quiet ? event.Key['/'] : `removed ${event.Key['/']}`
  },
  note(event) {
    if (!('FreedBytes' in event)) return undefined
    const { RemovedObjects, RemovedBytes, FreedBytes } = event
    return `${formatCount(RemovedObjects, 'block')} of ${formatBytes(RemovedBytes)} removed, ${formatBytes(FreedBytes)} of disk given back`
  },
  progress: (event) => ('Name' in event ? { name: event.Name, blocks: event.Blocks, bytes: event.Bytes } : undefined),
})

/** As Kubo's: keys, and with `tellsErrors` what went wrong. */
async function* gcResults(
  events: AsyncIterable<GcEvent>,
  tellsErrors: boolean,
): AsyncGenerator<GcEvent | { readonly Key: null; readonly Error: string }> {
  try {
    yield* only(events, (event) => 'Key' in event)
  } catch (error) {
    if (tellsErrors && isCairnError(error)) yield { Key: null, Error: error.message }
    throw error
  }
}

/** Bytes down to which to collect, `undefined` for all that can go. */
async function gcTarget({ to, free }: OptionValues<typeof GC_OPTIONS>, store: BlockStore): Promise<number | undefined> {
  if (to !== undefined && free !== undefined)
    throw new CairnError('INVALID', 'Cannot collect: --to and --free exclude each other')
  if (to !== undefined) return bytesOf(to)
  return free === undefined ? undefined : Math.max((await store.diskBytes()) - bytesOf(free), 0)
}

function bytesOf(text: string): number {
  const bytes = parseBytes(text)
  if (bytes === undefined) throw new CairnError('INVALID', `Cannot read "${text}" as a size such as 10GB or 512MiB`)
  return bytes
}

export const repoVersion = eventCommand({
  path: ['repo', 'version'],
  summary: 'Print the version of the layout on disk',
  examples: ['cairn repo version'],
  options: { quiet: { type: 'flag', short: 'q', help: 'print only the version' } },
  async *run({ repo }) {
    yield { Version: versionText((await repo()).version) }
  },
  answer: lastEvent,
  text: ({ Version }, { quiet = false }) => (quiet ? Version : `cairn repo version ${Version}`),
})

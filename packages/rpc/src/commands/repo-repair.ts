// cairn repo verify, rebuild-index and compact: finding and mending damage, and giving space back.
import { CairnError, formatBytes, formatCid, formatCount, parseBytes } from '@cairn/core'
import { eventCommand } from '../command.ts'
import { printable } from '../printable.ts'
import { reported } from '../progress.ts'

type VerifyEvent =
  /** An earlier run was stopped, and this one goes on from there. */
  | { readonly Resumed: true }
  | { readonly Name: 'verifying'; readonly Blocks: number; readonly Bytes: number }
  | { readonly Name: 'healing'; readonly Blocks: number }
  /** The record of a pin that does not decode, which was deleted as it was told. */
  | { readonly DroppedPin: string }
  | {
      readonly Key: { readonly '/': string }
      readonly Status: 'damaged' | 'mended' | 'healed' | 'bad'
      readonly Error?: string
    }
  | VerifySummary

export interface VerifySummary {
  /** Blocks read in this run, and their bytes. */
  readonly Blocks: number
  readonly Bytes: number
  readonly Bad: number
  readonly Healed: number
  /** Whether they are all blocks, or those that an earlier run, which was stopped, had not reached. */
  readonly Part: 'all' | 'rest'
}

export const repoVerify = eventCommand({
  path: ['repo', 'verify'],
  summary: 'Read every block, find those that are damaged or gone, and fetch them again if told to',
  examples: [
    'cairn repo verify',
    'cairn repo verify --rate 50MB                    leave the disk to others',
    'cairn repo verify --heal --peer /ip4/…/p2p/…     fetch what is damaged from this peer',
    'cairn repo verify --restart                      from the first block, not where the last run was stopped',
    'cairn repo verify --accept-lost-pins             after damage: all pins that are to be are there again',
  ],
  options: {
    heal: { type: 'flag', needsPeers: true, help: 'fetch damaged blocks from the peers that --peer names' },
    rate: { type: 'text', value: 'SIZE', check: bytesOf, help: 'read no more bytes than this in a second' },
    restart: { type: 'flag', help: 'begin at the first block, also when the last run was stopped' },
    'accept-lost-pins': {
      type: 'flag',
      help: 'let collections run again, although damage may have taken pins; drops those that do not decode',
    },
  },
  fetches: true,
  tellsLostPins: true,
  async *run({ node, options, signal }): AsyncGenerator<VerifyEvent> {
    const opened = await node()
    const { heal = false, restart = false, rate } = options
    if (heal && opened.swarm === undefined)
      throw new CairnError('INVALID', 'Cannot heal without a peer that has the blocks: name it with --peer ADDRESS')
    if (options['accept-lost-pins'] === true) for (const key of await opened.acceptLostPins()) yield { DroppedPin: key }
    const found = { Blocks: 0, Bytes: 0, Bad: 0, Healed: 0, Part: 'all' as VerifySummary['Part'] }
    const bytesPerSecond = rate === undefined ? undefined : bytesOf(rate)
    for await (const event of opened.verify({ heal, restart, bytesPerSecond, signal })) {
      if (event.kind === 'resumed') {
        found.Part = 'rest'
        yield { Resumed: true }
        continue
      }
      if (event.kind === 'progress') {
        found.Blocks = event.blocks
        found.Bytes = event.bytes
        yield { Name: 'verifying', Blocks: event.blocks, Bytes: event.bytes }
        continue
      }
      if (event.kind === 'healing') {
        yield { Name: 'healing', Blocks: event.blocks }
        continue
      }
      if (event.kind === 'bad') found.Bad++
      if (event.kind === 'healed') found.Healed++
      const about = event.kind === 'bad' ? { Error: event.reason } : {}
      yield { Key: { '/': formatCid(event.cid) }, Status: event.kind, ...about }
    }
    yield { ...found }
    const advice = heal ? '' : '; "cairn repo verify --heal --peer ADDRESS" fetches from a peer what it has of that'
    const problem = `Cannot vouch for the repo: ${formatCount(found.Bad, 'block')} damaged or gone${advice}`
    await opened.requirePins(found.Bad > 0 ? problem : 'Cannot vouch for the repo')
    if (found.Bad > 0) throw new CairnError('CORRUPT', problem)
  },
  answer: asKubo,
  text(event) {
    if ('Name' in event) return undefined
    if ('Resumed' in event) return 'Going on where the last run was stopped; --restart begins at the first block'
    if ('DroppedPin' in event) return `dropped ${printable(event.DroppedPin)}, which did not decode`
    if ('Key' in event) {
      // In the end it is healed or bad.
      if (event.Status === 'damaged') return undefined
      const error = event.Error === undefined ? '' : `: ${event.Error}`
      return `${event.Status} ${event.Key['/']}${error}`
    }
    const rest = event.Part === 'rest' ? ' (the rest of a run that was stopped)' : ''
    return `${formatCount(event.Blocks, 'block')} of ${formatBytes(event.Bytes)} read${rest}, ${event.Healed} healed, ${event.Bad} bad`
  },
  progress(event) {
    if (!('Name' in event)) return undefined
    const { Name: name, Blocks: blocks } = event
    return 'Bytes' in event ? { name, blocks, bytes: event.Bytes } : { name, blocks }
  },
})

type RebuildEvent =
  | { readonly Name: 'rebuilding'; readonly Blocks: number }
  | { readonly Key: { readonly '/': string }; readonly Status: 'lost' }
  | { readonly Blocks: number; readonly BlockBytes: number }

export const repoRebuildIndex = eventCommand({
  path: ['repo', 'rebuild-index'],
  summary: 'Make the index of the blocks anew from their log',
  examples: ['cairn repo rebuild-index'],
  options: {},
  async *run({ node, signal }): AsyncGenerator<RebuildEvent> {
    const { store } = await node()
    const lost: string[] = []
    for await (const event of reported<RebuildEvent>((report) =>
      store.rebuildIndex((recovery) => {
        signal.throwIfAborted()
        if (recovery.kind === 'index') report({ Name: 'rebuilding', Blocks: recovery.blocks })
        if (recovery.kind === 'damaged') lost.push(...recovery.cids.map((cid) => formatCid(cid)))
      }),
    ))
      yield event
    for (const cid of lost) yield { Key: { '/': cid }, Status: 'lost' }
    const { blocks, bytes } = await store.stat()
    yield { Blocks: blocks, BlockBytes: bytes }
  },
  text(event) {
    if ('Name' in event) return undefined
    return 'Key' in event
      ? `lost ${event.Key['/']}`
      : `${formatCount(event.Blocks, 'block')} of ${formatBytes(event.BlockBytes)}`
  },
  progress: (event) => ('Name' in event ? { name: event.Name, blocks: event.Blocks } : undefined),
})

/** As Kubo's: a message, or how many blocks were looked at. */
interface VerifyProgress {
  readonly Msg: string
  readonly Progress: number
}

async function* asKubo(events: AsyncIterable<VerifyEvent>): AsyncGenerator<VerifyProgress> {
  for await (const event of events) {
    if ('Name' in event) yield { Msg: '', Progress: event.Blocks }
    else if ('DroppedPin' in event) yield { Msg: `dropped pin ${event.DroppedPin}`, Progress: 0 }
    else if ('Key' in event) {
      const cid = event.Key['/']
      if (event.Status === 'bad') yield { Msg: `block ${cid} was corrupt (${event.Error ?? ''})`, Progress: 0 }
      if (event.Status === 'healed') yield { Msg: `block ${cid} healed`, Progress: 0 }
    } else if ('Part' in event && event.Bad === 0) {
      yield { Msg: 'verify complete, all blocks validated.', Progress: 0 }
    }
  }
}

type CompactEvent =
  | { readonly Name: 'compacting'; readonly Blocks: number }
  | { readonly RemovedRecords: number; readonly FreedBytes: number }

export const repoCompact = eventCommand({
  path: ['repo', 'compact'],
  summary: 'Give back the space of what was deleted, and of records that a crash has left',
  examples: ['cairn repo compact'],
  options: {},
  async *run({ node, signal }): AsyncGenerator<CompactEvent> {
    const { store } = await node()
    const beforeBytes = await store.diskBytes()
    let records = 0
    let removed = 0
    for await (const step of store.compact()) {
      signal.throwIfAborted()
      records += step.records
      removed += step.removedRecords
      yield { Name: 'compacting', Blocks: records }
    }
    yield { RemovedRecords: removed, FreedBytes: Math.max(beforeBytes - (await store.diskBytes()), 0) }
  },
  text: (event) =>
    'Name' in event
      ? undefined
      : `${formatCount(event.RemovedRecords, 'record')} removed, ${formatBytes(event.FreedBytes)} of disk given back`,
  progress: (event) => ('Name' in event ? { name: event.Name, blocks: event.Blocks } : undefined),
})

function bytesOf(text: string): number {
  const bytes = parseBytes(text)
  if (bytes === undefined || bytes === 0)
    throw new CairnError('INVALID', `Cannot read "${text}" as a size such as 50MB or 512KiB`)
  return bytes
}

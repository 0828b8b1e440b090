// What the events of a node look like as JSON, one value an event, and their sum: the trace of one command. It remembers
// only what is waited for, and a little of what has ended, so that a block which comes twice still has its delay.
import { blockKey, formatCid, type PeerId } from '@cairn/core'
import type { NodeEvent, Swarm } from '@cairn/node'
import { TRACE_ENDED_MAX, TRACE_PEERS_MAX } from '../limits.ts'

/** One line of a trace. `Ms` counts from its beginning. */
export interface TraceLine {
  readonly Event: string
  readonly Ms: number
  readonly [field: string]: unknown
}

type WantStanding = ReturnType<Swarm['bitswap']['standings']>[number]
type EventOf<Kind extends NodeEvent['kind']> = Extract<NodeEvent, { readonly kind: Kind }>

/** What is remembered of one block. */
interface Known {
  /** How often its bytes were asked for, of anybody. */
  attempts: number
  /** When each peer was asked last. */
  readonly askedAt: Map<PeerId, number>
}

/** What passed between one peer and us during the trace; bytes are those of blocks. */
interface PeerSum {
  asked: number
  has: number
  lacks: number
  blocks: number
  bytes: number
  duplicateBytes: number
  unaskedBytes: number
  answers: number
  fastestMs: number
  sumMs: number
}

/** Makes lines of events. */
export class TraceLog {
  readonly #now: () => number
  readonly #write: (line: TraceLine) => void
  readonly #began: number
  readonly #known = new Map<string, Known>()
  /** Keys of `#known` that are not waited for any more, oldest first. */
  readonly #ended = new Set<string>()
  readonly #peers = new Map<PeerId, PeerSum>()
  readonly #found = { blocks: 0, bytes: 0 }

  /** @param now milliseconds, never going back */
  constructor(now: () => number, write: (line: TraceLine) => void) {
    this.#now = now
    this.#write = write
    this.#began = now()
  }

  /** Takes an event of the node. */
  add(event: NodeEvent): void {
    if ('cid' in event) this.#addBlock(event)
    else this.#tell(event.kind, { Peer: event.peer, ...('why' in event && { Why: event.why }) })
  }

  /** Tells why blocks are waited for. @param wants how many there are in all */
  wait(standings: readonly WantStanding[], wants: number, peers: number): void {
    for (const standing of standings) this.#tell('waiting', { ...waitOf(standing), Wants: wants, Peers: peers })
  }

  /** Tells the sum of it all. @param dropped lines that nobody took */
  end(dropped: number): void {
    const sums = [...this.#peers.values()]
    const total = (field: Exclude<keyof PeerSum, 'fastestMs'>): number => sums.reduce((sum, of) => sum + of[field], 0)
    const [bytes, duplicateBytes, unaskedBytes] = [total('bytes'), total('duplicateBytes'), total('unaskedBytes')]
    this.#tell('summary', {
      Blocks: total('blocks'),
      Bytes: bytes,
      FoundBlocks: this.#found.blocks,
      FoundBytes: this.#found.bytes,
      UsefulBytes: bytes,
      DuplicateBytes: duplicateBytes,
      UnaskedBytes: unaskedBytes,
      WastedBytes: duplicateBytes + unaskedBytes,
      Waiting: this.#known.size - this.#ended.size,
      Peers: Array.from(this.#peers, ([peer, sum]) => peerOf(peer, sum, bytes)),
      Dropped: dropped,
    })
  }

  #addBlock(event: Extract<NodeEvent, { readonly cid: unknown }>): void {
    const about = {
      ...(event.cid !== undefined && { Cid: formatCid(event.cid) }),
      ...('peer' in event && { Peer: event.peer }),
    }
    if (event.kind === 'asked') this.#asked(event, about)
    else if (event.kind === 'answered') {
      const sum = this.#sumOf(event.peer)
      if (event.has) sum.has++
      else sum.lacks++
      this.#tell('answered', { ...about, Has: event.has, ...this.#delay(event, true) })
    } else if (event.kind === 'received') this.#received(event, about)
    else if (event.kind === 'moved' || event.kind === 'failed') this.#tell(event.kind, { ...about, Why: event.why })
    else if (event.kind === 'found') {
      this.#found.blocks++
      this.#found.bytes += event.bytes ?? 0
      this.#tell('found', { ...about, ...(event.bytes !== undefined && { Bytes: event.bytes }) })
    } else {
      if (event.kind === 'wanted') this.#want(blockKey(event.cid))
      if (event.kind === 'ended') this.#end(blockKey(event.cid))
      this.#tell(event.kind, about)
    }
  }

  #asked({ cid, peer, type }: EventOf<'asked'>, about: object): void {
    const known = this.#known.get(blockKey(cid)) ?? this.#want(blockKey(cid))
    known.askedAt.set(peer, this.#now())
    this.#sumOf(peer).asked++
    if (type === 'block') known.attempts++
    this.#tell('asked', { ...about, Want: type, ...(type === 'block' && { Attempt: known.attempts }) })
  }

  #received(event: EventOf<'received'>, about: object): void {
    const { cid, peer, bytes, use } = event
    const sum = this.#sumOf(peer)
    if (use === 'duplicate') sum.duplicateBytes += bytes
    else if (use === 'unasked') sum.unaskedBytes += bytes
    else {
      sum.blocks++
      sum.bytes += bytes
    }
    this.#tell('received', { ...about, Bytes: bytes, Use: use, ...this.#delay(event, use === 'wanted') })
    if (cid !== undefined && use === 'wanted') this.#end(blockKey(cid))
  }

  /** Milliseconds since this peer was asked for the block, where it was; `isAnswer` counts them as a round trip. */
  #delay({ cid, peer }: Pick<EventOf<'received'>, 'cid' | 'peer'>, isAnswer: boolean): { readonly AfterMs?: number } {
    const askedAt = cid === undefined ? undefined : this.#known.get(blockKey(cid))?.askedAt.get(peer)
    if (askedAt === undefined) return {}
    const ms = this.#now() - askedAt
    if (isAnswer) {
      const sum = this.#sumOf(peer)
      sum.answers++
      sum.sumMs += ms
      sum.fastestMs = Math.min(sum.fastestMs, ms)
    }
    return { AfterMs: rounded(ms) }
  }

  #want(key: string): Known {
    const known = { attempts: 0, askedAt: new Map<PeerId, number>() }
    this.#known.set(key, known)
    this.#ended.delete(key)
    return known
  }

  #end(key: string): void {
    if (this.#known.has(key)) this.#ended.add(key)
    const [oldest] = this.#ended
    if (this.#ended.size <= TRACE_ENDED_MAX || oldest === undefined) return
    this.#ended.delete(oldest)
    this.#known.delete(oldest)
  }

  /** The sum of this peer, or of all that came after many others. */
  #sumOf(peer: PeerId): PeerSum {
    const key = this.#peers.has(peer) || this.#peers.size < TRACE_PEERS_MAX ? peer : 'others'
    let sum = this.#peers.get(key)
    if (sum === undefined) {
      const none = { asked: 0, has: 0, lacks: 0, blocks: 0, bytes: 0, duplicateBytes: 0, unaskedBytes: 0, answers: 0 }
      sum = { ...none, fastestMs: Infinity, sumMs: 0 }
      this.#peers.set(key, sum)
    }
    return sum
  }

  #tell(event: string, fields: object): void {
    this.#write({ Event: event, Ms: rounded(this.#now() - this.#began), ...fields })
  }
}

/** How a block stands that is waited for, with the peers that were asked. */
export interface WaitEntry {
  readonly Cid: string
  readonly WaitedMs: number
  /** As `WaitReason` of the exchange. */
  readonly Reason: string
  readonly Asked: readonly AskEntry[]
}

interface AskEntry {
  readonly Peer: string
  readonly Want: 'have' | 'block'
  readonly SinceMs: number
  /** Whether it said that it has the block; absent while it has not said. */
  readonly Has?: boolean
  /** Milliseconds until the block is expected; absent when it is not. */
  readonly ExpectedMs?: number
  readonly Silent?: true
}

/** The JSON of a standing. */
export function waitOf({ cid, waitedMs, reason, asks }: WantStanding): WaitEntry {
  return {
    Cid: formatCid(cid),
    WaitedMs: rounded(waitedMs),
    Reason: reason,
    Asked: asks.map(({ peer, type, sinceMs, presence, expectedMs, isSilent }) => ({
      Peer: peer,
      Want: type,
      SinceMs: rounded(sinceMs),
      ...(presence !== 'unknown' && { Has: presence === 'has' }),
      ...(expectedMs < Infinity && { ExpectedMs: rounded(expectedMs) }),
      ...(isSilent && { Silent: true }),
    })),
  }
}

function peerOf(peer: PeerId, sum: PeerSum, allBytes: number): object {
  const { asked, has, lacks, blocks, bytes, duplicateBytes, unaskedBytes, answers, fastestMs, sumMs } = sum
  return {
    Peer: peer,
    Blocks: blocks,
    Bytes: bytes,
    Share: allBytes === 0 ? 0 : Number((bytes / allBytes).toFixed(4)),
    DuplicateBytes: duplicateBytes,
    UnaskedBytes: unaskedBytes,
    Asked: asked,
    Has: has,
    Lacks: lacks,
    Answers: answers,
    // The fastest answer of all is the best measure of the way there and back.
    ...(answers > 0 && { RoundTripMs: rounded(fastestMs), MeanMs: rounded(sumMs / answers) }),
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10
}

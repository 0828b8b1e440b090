// Looks at every message that arrives at an honest peer, or comes from one, and finds what breaks a bound.
import { BLOCK_BYTES_MAX, blockFromPrefix, blockKey, isCairnError, type Block, type PeerId } from '@cairn/core'
import { ANSWER_BYTES, MESSAGE_BYTES_MAX, WANTS_PER_MESSAGE } from '../../src/limits.ts'
import { ANSWER_WANTS, LEDGER_WANTS_MAX } from '../../src/server/limits.ts'
import { PEER_WINDOW_BYTES, PEER_WINDOW_WANTS, URGENT_WINDOW_BYTES, WRONG_BLOCKS_MAX } from '../../src/client/limits.ts'
import { decodeMessage, type Message } from '../../src/message.ts'
import type { World } from '../peer.ts'

/** What was seen on one direction of one connection. */
interface Seen {
  /** Blocks that the sender has asked the receiver for, and that have not come. */
  readonly wanted: Set<string>
  wrongBlocks: number
}

/** What was on its way at once, at most. */
export interface Peaks {
  /** Peers that one peer wanted the same block of. */
  peers: number
  /** Blocks that one peer wanted of another. */
  wants: number
  /** Bytes of such blocks. */
  bytes: number
}

/** Bytes that one peer may want of another: a window, and what is urgent. */
const PEER_BYTES_MAX = PEER_WINDOW_BYTES + URGENT_WINDOW_BYTES

/** Whom and what a watch looks at. */
interface Watched {
  readonly honest: Iterable<PeerId>
  readonly liars: Iterable<PeerId>
  readonly blocks: Iterable<Block>
}

/** Counts what arrives, and keeps what should not have been. */
export class WireWatch {
  readonly violations: string[] = []
  readonly peaks: Peaks = { peers: 0, wants: 0, bytes: 0 }
  /** Blocks that arrived at each peer. */
  readonly blocks = new Map<PeerId, number>()
  readonly #honest: ReadonlySet<PeerId>
  readonly #liars: ReadonlySet<PeerId>
  readonly #seen = new Map<string, Seen>()

  /** Bytes of the blocks that there are, by their keys. */
  readonly #bytes: ReadonlyMap<string, number>

  constructor(world: World, { honest, liars, blocks }: Watched) {
    this.#bytes = new Map(Array.from(blocks, ({ cid, bytes }) => [blockKey(cid), bytes.length]))
    this.#honest = new Set(honest)
    this.#liars = new Set(liars)
    world.network.watch = (from, to, bytes) => {
      if (this.#honest.has(from)) this.#look(from, to, bytes)
      else if (this.#honest.has(to)) this.#lookAtHarm(from, to, bytes)
    }
    world.network.onDisconnect = (a, b) => {
      for (const way of [`${a}>${b}`, `${b}>${a}`]) this.#seen.delete(way)
    }
  }

  #look(from: PeerId, to: PeerId, bytes: Uint8Array): void {
    const message = decodeMessage(bytes)
    this.#count(to, message.blocks.length)
    this.#check(bytes.length <= MESSAGE_BYTES_MAX, `${from} sent ${bytes.length} bytes in a message`)
    this.#check(message.wants.length <= WANTS_PER_MESSAGE, `${from} sent ${message.wants.length} wants in a message`)
    this.#lookAtBlocks(from, to, message)
    const { wanted } = this.#of(from, to)
    for (const { cid, cancel, type } of message.wants) {
      if (cancel) wanted.delete(blockKey(cid))
      else if (type === 'block') wanted.add(blockKey(cid))
    }
    this.#check(wanted.size <= 2 * PEER_WINDOW_WANTS, `${from} wants ${wanted.size} blocks of ${to} at once`)
    const bytesWanted = this.#measure(from, to, message)
    this.#check(bytesWanted <= PEER_BYTES_MAX, `${from} wants ${bytesWanted} bytes of ${to} at once`)
  }

  /** Takes note of what is on its way now that `message` has come, and gives the bytes of it that its sender waits for. */
  #measure(from: PeerId, to: PeerId, { wants }: Message): number {
    // Only wants make it more.
    if (wants.every(({ cancel, type }) => cancel || type === 'have')) return 0
    const { wanted } = this.#of(from, to)
    const bytes = [...wanted].reduce((sum, key) => sum + (this.#bytes.get(key) ?? 0), 0)
    this.peaks.wants = Math.max(this.peaks.wants, wanted.size)
    this.peaks.bytes = Math.max(this.peaks.bytes, bytes)
    const ways = [...this.#seen].filter(([way]) => way.startsWith(`${from}>`))
    for (const { cid } of wants) {
      const peers = ways.filter(([, seen]) => seen.wanted.has(blockKey(cid))).length
      this.peaks.peers = Math.max(this.peaks.peers, peers)
    }
    return bytes
  }

  #lookAtBlocks(from: PeerId, to: PeerId, { blocks, presences }: Message): void {
    const asked = this.#of(to, from).wanted
    for (const { prefix, bytes } of blocks) asked.delete(blockKey(blockFromPrefix(prefix, bytes).cid))
    const sum = blocks.reduce((bytes, block) => bytes + block.bytes.length, 0)
    const isBounded = sum <= ANSWER_BYTES || (blocks.length === 1 && sum <= BLOCK_BYTES_MAX)
    this.#check(isBounded, `${from} sent ${blocks.length} blocks of ${sum} bytes in a message`)
    this.#check(presences.length <= LEDGER_WANTS_MAX + ANSWER_WANTS, `${from} sent ${presences.length} presences`)
  }

  #lookAtHarm(from: PeerId, to: PeerId, bytes: Uint8Array): void {
    const count = blocksIn(bytes)
    this.#count(to, count)
    if (!this.#liars.has(from)) return
    const seen = this.#of(from, to)
    this.#check(count === 0 || seen.wrongBlocks < WRONG_BLOCKS_MAX, `${to} took one more wrong block of ${from}`)
    seen.wrongBlocks += count
  }

  #of(from: PeerId, to: PeerId): Seen {
    const way = `${from}>${to}`
    const seen = this.#seen.get(way) ?? { wanted: new Set(), wrongBlocks: 0 }
    this.#seen.set(way, seen)
    return seen
  }

  #count(to: PeerId, blocks: number): void {
    this.blocks.set(to, (this.blocks.get(to) ?? 0) + blocks)
  }

  #check(isFine: boolean, violation: string): void {
    if (!isFine) this.violations.push(violation)
  }
}

/** Blocks of a message, which may be no message at all. */
function blocksIn(bytes: Uint8Array): number {
  try {
    return decodeMessage(bytes).blocks.length
  } catch (error) {
    if (isCairnError(error)) return 0
    throw error
  }
}

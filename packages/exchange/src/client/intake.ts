// Blocks that come in: what each is worth, and what is forgiven a peer whose blocks are worth nothing. A late block is told
// from a wrong one by the wants that ended.
import { BLOCK_BYTES_MAX, blockKey, type Block, type Clock, type PeerId } from '@cairn/core'
import { DISTRUST_MS, DISTRUSTED_PEERS_MAX, PAST_WANTS_MAX } from './limits.ts'
import type { PrefixedBlock } from '../message.ts'
import type { RefusalReason, Refusals } from '../guard/refusals.ts'
import { BoundedMap } from './bounded-map.ts'
import type { BlockUse, FetchTrace } from './fetch-trace.ts'
import type { PeerSession } from './peer-session.ts'
import { provenBlock } from './proven-block.ts'
import { Receipts } from './receipts.ts'
import type { Want } from './want.ts'

/** What an intake needs from outside. */
interface IntakeParts {
  readonly clock: Clock
  readonly refusals: Refusals
  readonly trace: FetchTrace
  /** The wants that are waited for, by their keys. */
  readonly wants: ReadonlyMap<string, Want>
}

/** What a block is: one that is waited for, nothing, or once too often, and then what the peer did wrong. */
type Taken = { readonly want: Want; readonly block: Block } | string | undefined

/** Takes blocks from peers, and remembers whom not to ask. */
export class Intake {
  readonly receipts = new Receipts()
  readonly #parts: IntakeParts
  /** Keys of wants that ended, by which a late block is told from a wrong one. */
  readonly #past = new BoundedMap<true>(PAST_WANTS_MAX)
  /** Peers that sent wrong blocks, with the time until which they are asked for nothing. */
  readonly #distrusted = new BoundedMap<number>(DISTRUSTED_PEERS_MAX)

  constructor(parts: IntakeParts) {
    this.#parts = parts
  }

  /** Nobody waits any more for the block of this key. */
  ended(key: string): void {
    this.#past.set(key, true)
  }

  /** Whether the peer has sent wrong blocks lately. */
  isDistrusted(peer: PeerId): boolean {
    return (this.#distrusted.get(peer) ?? 0) > this.#parts.clock.now()
  }

  /** Takes one block. Gives what is wrong once the peer has sent too much that nobody asked for. */
  take({ id: peer, conduct }: PeerSession, sent: PrefixedBlock): Taken {
    const { refusals, trace, wants, clock } = this.#parts
    const bytes = sent.bytes.length
    const block = provenBlock(sent)
    const key = block === undefined ? undefined : blockKey(block.cid)
    const want = key === undefined ? undefined : wants.get(key)
    const count = (use: BlockUse): void => {
      this.receipts.add(use, bytes)
      trace.emit?.({ kind: 'received', cid: block?.cid, peer, bytes, use })
    }
    if (block !== undefined && want !== undefined) {
      count('wanted')
      return { want, block }
    }
    if (key !== undefined && conduct.takeEnded(key)) {
      count('duplicate')
      return undefined
    }
    count('unasked')
    const isRepeat = key !== undefined && this.#past.get(key) === true
    refusals.count(block === undefined ? unusable(bytes) : isRepeat ? 'block-repeated' : 'block-unasked')
    if (isRepeat) return conduct.forgivesRepeat(bytes) ? undefined : 'sent blocks again and again'
    if (conduct.forgivesWrong()) return undefined
    this.#distrusted.set(peer, clock.now() + DISTRUST_MS)
    return 'sent blocks that nobody asked for'
  }
}

/** Why no block can be made of so many bytes. */
function unusable(bytes: number): RefusalReason {
  return bytes > BLOCK_BYTES_MAX ? 'block-too-large' : 'block-hash-refused'
}

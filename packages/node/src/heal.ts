// Fetches damaged blocks again. What every peer says that it lacks costs a round trip; what peers say nothing about is waited
// for, and less each time, so that the whole is bounded by what peers answer and not by what is damaged.
import { CairnError, isCairnError, type AbortOptions, type Block, type BlockReader } from '@cairn/core'
import { HEAL_MS, HEAL_MS_MIN, LACK_LOOK_MS } from './limits.ts'

type CID = Block['cid']

/** Where damaged blocks come from. */
export interface HealParts {
  /** Fetches blocks and stores them. */
  readonly blocks: BlockReader
  /** Whether every peer has said that it lacks what is being fetched. */
  readonly isLacked: (cid: CID) => boolean
}

/** What became of one damaged block. */
export type HealOutcome =
  | { readonly kind: 'healed'; readonly cid: CID }
  /** Still damaged. */
  | { readonly kind: 'bad'; readonly cid: CID; readonly reason: string }

/** Why a fetch ends that no peer can serve. */
const LACKED = new CairnError('NOT_FOUND', 'every peer lacks it')

/** Heals blocks of one repo, group by group. */
export class BlockHealer {
  readonly #parts: HealParts
  #patienceMs = HEAL_MS

  constructor(parts: HealParts) {
    this.#parts = parts
  }

  /** Fetches `cids`, all at once, and says in their order what became of them. @throws the signal's reason */
  async heal(cids: readonly CID[], { signal }: AbortOptions = {}): Promise<HealOutcome[]> {
    const fetches = cids.map((cid) => ({ cid, stop: new AbortController() }))
    const late = new Error('no peer has sent it')
    let isAnswered = false
    // Begins anew with each block that comes: a slow peer needs long for all of them.
    const timer = setTimeout(() => {
      for (const { stop } of fetches) stop.abort(late)
    }, this.#patienceMs)
    const look = setInterval(() => {
      for (const { cid, stop } of fetches) if (this.#parts.isLacked(cid)) stop.abort(LACKED)
    }, LACK_LOOK_MS)
    try {
      const outcomes = await Promise.all(
        fetches.map(async ({ cid, stop }): Promise<HealOutcome> => {
          const signals = signal === undefined ? [stop.signal] : [stop.signal, signal]
          try {
            await this.#parts.blocks.get(cid, { signal: AbortSignal.any(signals) })
            isAnswered = true
            timer.refresh()
            return { kind: 'healed', cid }
          } catch (error) {
            signal?.throwIfAborted()
            isAnswered ||= error !== late
            return { kind: 'bad', cid, reason: this.#reasonOf(error) }
          }
        }),
      )
      this.#patienceMs = isAnswered ? HEAL_MS : Math.max(this.#patienceMs / 2, HEAL_MS_MIN)
      return outcomes
    } finally {
      clearTimeout(timer)
      clearInterval(look)
    }
  }

  #reasonOf(error: unknown): string {
    if (error === LACKED) return 'its bytes are damaged or gone, and every peer says that it lacks it'
    if (!isCairnError(error))
      return `its bytes are damaged or gone, and no peer sent it in ${this.#patienceMs / 1000} s`
    return error.code === 'CORRUPT' ? 'its bytes are damaged or gone, and no peer sent them' : error.message
  }
}

// Keeps a store at work: opens its databases again when a write has failed and the cause may be gone, makes the index
// anew when it turns out damaged, and notes blocks whose bytes are. All that happens in turns, and nobody has to ask.
import { Turns, type AbortOptions } from '@cairn/core'
import type { BlockIndex } from '../log/block-index.ts'
import type { BlockLog, Placed } from '../log/block-log.ts'
import { requireFiles } from '../files/database-files.ts'
import { requireDiskRoom } from '../disk-room.ts'
import { complete, remakeIndex } from '../log/index-recovery.ts'
import type { OnRecovery } from '../recovery-event.ts'
import { FIRST_MULTIHASH } from '../log/record.ts'
import { storedBlock } from '../stored-block.ts'

/** What a healer looks after. */
export interface HealerParts {
  /** Folder of the store. */
  readonly path: string
  /** Folder of its index. */
  readonly indexPath: string
  readonly log: BlockLog
  readonly index: BlockIndex
  readonly onRecovery?: OnRecovery | undefined
  /** Sequence from which on records may not be acknowledged yet. */
  readonly settledSequence: () => number
}

/** Gives out turns, and mends the store before the next one when it has to. */
export class Healer {
  readonly #parts: HealerParts
  readonly #turns = new Turns()
  #remakes = 0

  constructor(parts: HealerParts) {
    this.#parts = parts
  }

  /** How often the index was made anew: places from before may be those of other records now. */
  get remakes(): number {
    return this.#remakes
  }

  /** Runs `task` in a turn, on databases that take writes if that is possible at all. */
  run<T>(task: () => Promise<T>, options: AbortOptions = {}): Promise<T> {
    return this.#turns.run(async () => {
      // What could not be mended fails in the task itself, if the task needs it.
      await this.#mend().catch(() => undefined)
      return task()
    }, options)
  }

  /** Places of sound blocks in their order; see `BlockIndex.locate`. Not for use within a turn. */
  async locate(multihashes: readonly Uint8Array[]): Promise<(Placed | undefined)[]> {
    return this.#reading(() => this.#parts.index.locate(multihashes))
  }

  /** Like `locate`, with the places of damaged blocks. */
  async entries(multihashes: readonly Uint8Array[]): Promise<(Placed | undefined)[]> {
    return this.#reading(() => this.#parts.index.entries(multihashes))
  }

  /** Like `entries`, within a turn. */
  async entriesInTurn(multihashes: readonly Uint8Array[]): Promise<(Placed | undefined)[]> {
    const { index } = this.#parts
    try {
      return await index.entries(multihashes)
    } catch (error) {
      if (!index.isDamaged) throw error
      await this.#mend()
      return index.entries(multihashes)
    }
  }

  /** All sound blocks in the order of their multihashes; see `BlockIndex.pages`. */
  async *pages(): AsyncGenerator<Placed[], void, undefined> {
    const pages = this.allPages(FIRST_MULTIHASH)
    for await (const page of pages) yield page.filter(({ location }) => location.isDamaged !== true)
  }

  /** All blocks from the multihash `from` on, damaged ones included. */
  async *allPages(from: Uint8Array): AsyncGenerator<Placed[], void, undefined> {
    const { index } = this.#parts
    for (let next = from; ;) {
      try {
        for await (const page of index.allPages(next)) {
          yield page
          next = after(page) ?? next
        }
        return
      } catch (error) {
        if (!index.isDamaged) throw error
        await this.#turns.run(() => this.#mend())
      }
    }
  }

  /** Makes the index anew from the log; see `remakeIndex`. What `onRecovery` throws ends it. */
  async remakeIndex(onRecovery?: OnRecovery): Promise<void> {
    await this.mendLog()
    await this.#turns.run(() => this.#remakeIndex(onRecovery))
  }

  /** Takes damage out of the log that could end the process when it is read. */
  async mendLog(): Promise<void> {
    const { log } = this.#parts
    if (!(await log.hasDamagedTables())) return
    await this.#turns.run(async () => {
      await this.#requireMeans()
      await log.reopen({ isSuspect: true })
      if (await log.isDoubtful()) await this.#remakeIndex()
    })
  }

  /** Notes that the record at `place`, which the index has as sound, is damaged. Runs in a turn. */
  async flag(place: Placed): Promise<void> {
    const { index, onRecovery } = this.#parts
    const cids = [storedBlock(place.multihash, place.location.size).cid]
    onRecovery?.({ kind: 'damaged', cids, foundBy: 'read' })
    // A store that cannot write still says what it found, and what the next read finds again; the index knows that it failed.
    if (index.isWritable) await index.flag([place]).catch(() => undefined)
  }

  async #reading<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read()
    } catch (error) {
      if (!this.#parts.index.isDamaged) throw error
      await this.#turns.run(() => this.#mend())
      return read()
    }
  }

  /** Runs in a turn. @throws why it could not be mended now; the next turn tries again */
  async #mend(): Promise<void> {
    const { log, index, settledSequence } = this.#parts
    if (log.isWritable && index.isWritable && !index.isDamaged) return
    await this.#requireMeans()
    if (!log.isWritable) await log.reopen()
    if (!index.isWritable && !index.isDamaged) {
      try {
        await index.reopen()
        await complete(index, log, { below: settledSequence() })
      } catch (error) {
        if (!index.isDamaged) throw error
      }
    }
    if (index.isDamaged || (await log.isDoubtful())) await this.#remakeIndex()
  }

  /** Opening takes room and files; a database that was closed and does not open again could not even be read. */
  async #requireMeans(): Promise<void> {
    await requireDiskRoom(this.#parts.path, 0)
    await requireFiles(this.#parts.path)
  }

  async #remakeIndex(onRecovery = this.#parts.onRecovery): Promise<void> {
    const { indexPath, log, index, settledSequence } = this.#parts
    this.#remakes++
    await remakeIndex({ path: indexPath, log, onRecovery }, index, settledSequence())
  }
}

/** The key behind the last one of `page`, or `undefined` for an empty page. */
function after(page: readonly Placed[]): Uint8Array | undefined {
  const last = page.at(-1)
  return last && Uint8Array.from([...last.multihash, 0])
}

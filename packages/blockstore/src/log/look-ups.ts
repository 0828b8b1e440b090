// Look-ups in the index that come while others run share one call of LevelDB: each takes as long as dozens of keys.
import { LOOK_UP_KEYS_MAX, LOOK_UPS_AT_ONCE } from '../limits.ts'
import type { Placed } from './block-log.ts'

/** Finds the places of blocks, in the order of their multihashes. */
type Find = (multihashes: readonly Uint8Array[]) => Promise<(Placed | undefined)[]>

interface LookUp {
  readonly multihashes: readonly Uint8Array[]
  readonly resolve: (places: readonly (Placed | undefined)[]) => void
  readonly reject: (error: unknown) => void
}

/** Joins small look-ups; one that comes alone goes at once. */
export class LookUps {
  readonly #find: Find
  #waiting: LookUp[] = []
  #running = 0

  constructor(find: Find) {
    this.#find = find
  }

  /** Places as of a moment after the call. @throws as `find`, which then may have failed for what others looked up */
  find(multihashes: readonly Uint8Array[]): Promise<readonly (Placed | undefined)[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly (Placed | undefined)[]>()
    this.#waiting.push({ multihashes, resolve, reject })
    if (this.#running < LOOK_UPS_AT_ONCE) void this.#run()
    return promise
  }

  async #run(): Promise<void> {
    this.#running++
    while (this.#waiting.length > 0) await this.#findAll(this.#take())
    this.#running--
  }

  #take(): readonly LookUp[] {
    let keys = 0
    const end = this.#waiting.findIndex(({ multihashes }) => (keys += multihashes.length) > LOOK_UP_KEYS_MAX)
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : Math.max(1, end))
  }

  async #findAll(group: readonly LookUp[]): Promise<void> {
    try {
      const places = await this.#find(group.flatMap(({ multihashes }) => multihashes))
      let start = 0
      for (const { multihashes, resolve } of group) resolve(places.slice(start, (start += multihashes.length)))
    } catch (error) {
      for (const { reject } of group) reject(error)
    }
  }
}

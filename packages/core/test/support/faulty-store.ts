// A block store that fails by a script, over one that does not.
import type { CID } from 'multiformats/cid'
import type { Block, BlockStore, Hold, Mark, StoredBlock, Sweep, SweepOptions, SweepStep } from '../../src/index.ts'
import type { Faults } from './faults.ts'

/** What reads and writes fail with. Nothing but `get` says that a block is damaged. */
const GET_CODES = ['CORRUPT', 'UNAVAILABLE'] as const
const READ_CODES = ['UNAVAILABLE'] as const
const WRITE_CODES = ['LIMIT', 'UNAVAILABLE'] as const

export class FaultyStore implements BlockStore {
  readonly #inner: BlockStore
  readonly #faults: Faults
  /** Holds and sweeps that are open. */
  openHolds = 0
  openSweeps = 0

  constructor(inner: BlockStore, faults: Faults) {
    this.#inner = inner
    this.#faults = faults
  }

  get(cid: CID): Promise<Block | undefined> {
    return this.#faults.around({ codes: GET_CODES, run: () => this.#inner.get(cid) })
  }

  getMany(cids: readonly CID[]): Promise<(Block | undefined)[]> {
    return this.#faults.around({ codes: READ_CODES, run: () => this.#inner.getMany(cids) })
  }

  hasMany(cids: readonly CID[]): Promise<boolean[]> {
    return this.#faults.around({ codes: READ_CODES, run: () => this.#inner.hasMany(cids) })
  }

  claimMany(cids: readonly CID[]): Promise<boolean[]> {
    const half = () => this.#inner.claimMany(firstHalf(cids))
    return this.#faults.around({ codes: READ_CODES, run: () => this.#inner.claimMany(cids), half })
  }

  size(cid: CID): Promise<number | undefined> {
    return this.#faults.around({ codes: READ_CODES, run: () => this.#inner.size(cid) })
  }

  sizeMany(cids: readonly CID[]): Promise<(number | undefined)[]> {
    return this.#faults.around({ codes: READ_CODES, run: () => this.#inner.sizeMany(cids) })
  }

  putMany(blocks: readonly Block[]): Promise<void> {
    const half = () => this.#inner.putMany(firstHalf(blocks))
    return this.#faults.around({ codes: WRITE_CODES, run: () => this.#inner.putMany(blocks), half })
  }

  deleteMany(cids: readonly CID[]): Promise<number> {
    const half = () => this.#inner.deleteMany(firstHalf(cids))
    return this.#faults.around({ codes: WRITE_CODES, run: () => this.#inner.deleteMany(cids), half })
  }

  async *list(): AsyncGenerator<StoredBlock> {
    for await (const stored of this.#inner.list()) {
      if (this.#faults.nextFails()) throw this.#faults.failure('UNAVAILABLE')
      yield stored
    }
  }

  stat() {
    return this.#faults.around({ codes: READ_CODES, run: () => this.#inner.stat() })
  }

  diskBytes(): Promise<number> {
    return this.#faults.around({ codes: READ_CODES, run: () => this.#inner.diskBytes() })
  }

  hold(): Hold {
    const hold = this.#inner.hold()
    this.openHolds++
    let isOpen = true
    return {
      release: () => {
        if (isOpen) this.openHolds--
        isOpen = false
        hold.release()
      },
    }
  }

  async openSweep(): Promise<Sweep> {
    // Not after it has opened: nobody could close it then.
    if (this.#faults.nextFails()) throw this.#faults.failure('UNAVAILABLE')
    const sweep = await this.#inner.openSweep()
    this.openSweeps++
    return {
      get marked() {
        return sweep.marked
      },
      mark: (cids) => this.#mark(sweep, cids),
      run: (options) => this.#run(sweep, options),
      [Symbol.asyncDispose]: async () => {
        this.openSweeps--
        await sweep[Symbol.asyncDispose]()
      },
    }
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  #mark(sweep: Sweep, cids: readonly CID[]): Promise<Mark[]> {
    const half = () => sweep.mark(firstHalf(cids))
    return this.#faults.around({ codes: READ_CODES, run: () => sweep.mark(cids), half })
  }

  async *#run(sweep: Sweep, options: SweepOptions | undefined): AsyncGenerator<SweepStep> {
    for await (const step of sweep.run(options)) {
      if (this.#faults.nextFails()) throw this.#faults.failure('UNAVAILABLE')
      yield step
    }
  }
}

function firstHalf<Value>(values: readonly Value[]): readonly Value[] {
  return values.slice(0, Math.ceil(values.length / 2))
}

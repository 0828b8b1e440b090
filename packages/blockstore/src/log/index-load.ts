// Makes an index of a whole log: the keys of the log's tables are collected in memory, a million at a time, and entered in
// their own order. LevelDB is asked only where tables overlap or cannot be read; see docs/decisions/008-index-rebuild.md.
import type { Change } from '../database/database.ts'
import { TableKeys } from '../files/table-keys.ts'
import { TableReader, type TableOutline } from '../files/table-reader.ts'
import { LOAD_BATCH_BLOCKS, RUN_BLOCKS } from '../limits.ts'
import { Bitmap } from '../sweep/marks.ts'
import type { BlockIndex } from './block-index.ts'
import { FIRST_SEQUENCE, logKey, type BlockLog } from './block-log.ts'
import type { LogStretch } from './log-stretches.ts'
import { PlacedRun } from './placed-run.ts'
import type { RecordPrints } from './record-prints.ts'
import {
  encodeLocationInto,
  isLogKey,
  LAST_ADDED_KEY,
  LOCATION_BYTES,
  SEQUENCE_BYTES,
  sequenceOf,
  type Totals,
} from './record.ts'

/** How a log is read for its index. */
export interface LoadOptions {
  /** Sequence from which on records are left out. */
  readonly below?: number | undefined
  /** Places that are put in order at a time, about. */
  readonly runBlocks?: number | undefined
  /** Notes what the log has. */
  readonly prints?: RecordPrints | undefined
  /** Told how many records were read. */
  readonly onPage?: ((records: number) => void) | undefined
  /** Called when part of the log could not be read. */
  readonly onDamage?: (() => void) | undefined
}

/**
 * Enters all of `log` below a sequence into `index`, which is empty, and gives the first sequence number that is free.
 * Nothing may be added to the log below that sequence or deleted from it meanwhile.
 */
export function loadIndex(index: BlockIndex, log: BlockLog, options: LoadOptions = {}): Promise<number> {
  return new IndexLoad(index, log, options).run()
}

class IndexLoad {
  readonly #index: BlockIndex
  readonly #log: BlockLog
  readonly #options: LoadOptions
  readonly #below: number
  readonly #run: PlacedRun
  readonly #tables = new TableReader()
  readonly #keys = new TableKeys((key, keyBytes, valueBytes) => this.#take(key, keyBytes, valueBytes))
  /** Fingerprints of what earlier runs have entered, so that few blocks have to be looked up to be counted once. */
  readonly #entered = new Bitmap()
  #runs = 0
  /** Key of the log's last record. */
  #lastKey: Uint8Array | undefined
  #isDamaged = false

  constructor(index: BlockIndex, log: BlockLog, options: LoadOptions) {
    this.#index = index
    this.#log = log
    this.#options = options
    this.#below = options.below ?? Infinity
    this.#run = new PlacedRun(options.runBlocks ?? RUN_BLOCKS)
  }

  async run(): Promise<number> {
    const stretches = await this.#log.stretches()
    let ahead = this.#read(stretches[0])
    for (const [at, stretch] of stretches.entries()) {
      const table = await ahead
      ahead = this.#read(stretches[at + 1])
      ahead.catch(() => undefined)
      const before = this.#run.count
      if (table !== undefined && this.#keys.read(table)) this.#options.onPage?.(this.#run.count - before)
      else await this.#scan(stretch)
      if (this.#run.isFull) await this.#enter({ isLast: false })
    }
    await this.#enter({ isLast: true })
    if (this.#isDamaged) this.#options.onDamage?.()
    if (this.#lastKey === undefined) return FIRST_SEQUENCE
    await this.#index.load([{ key: LAST_ADDED_KEY, value: this.#lastKey }], { blocks: 0, bytes: 0 })
    return sequenceOf(this.#lastKey) + 1
  }

  async #read(stretch: LogStretch | undefined): Promise<TableOutline | undefined> {
    return stretch?.table === undefined ? undefined : this.#tables.read(stretch.table)
  }

  /** Reads a stretch through LevelDB, which leaves out what it cannot read. */
  async #scan({ start, end }: LogStretch): Promise<void> {
    for await (const records of this.#log.scan(start, () => (this.#isDamaged = true))) {
      const within = records.filter(({ location }) => location.sequence <= end)
      const before = this.#run.count
      for (const record of within) {
        const key = logKey(record)
        this.#take(key, key.length, record.bytes.length)
      }
      this.#options.onPage?.(this.#run.count - before)
      if (within.length < records.length) return
      if (this.#run.isFull) await this.#enter({ isLast: false })
    }
  }

  #take(key: Uint8Array, keyBytes: number, valueBytes: number): void {
    const sequence = sequenceOf(key)
    const isHeader = sequence === 0 && keyBytes === SEQUENCE_BYTES
    if (sequence >= this.#below || isHeader) return
    if (!isLogKey(key, keyBytes)) {
      this.#isDamaged = true
      return
    }
    this.#run.add(key, keyBytes, valueBytes)
    this.#options.prints?.add(sequence, key, { start: SEQUENCE_BYTES, end: keyBytes })
  }

  /** Enters what was collected. */
  async #enter({ isLast }: { readonly isLast: boolean }): Promise<void> {
    const run = this.#run
    if (run.count === 0) return
    const order = run.sorted()
    // One batch is written while the next one is made.
    let written: Promise<void> = Promise.resolve()
    try {
      for (let start = 0; start < order.length; start += LOAD_BATCH_BLOCKS) {
        const positions = order.subarray(start, start + LOAD_BATCH_BLOCKS)
        const fresh = await this.#freshOf(positions, isLast)
        const changes = changesOf(run, positions)
        await written
        written = this.#index.load(changes, fresh)
        written.catch(() => undefined)
      }
    } finally {
      await written
    }
    this.#lastKey = logKey({ multihash: run.multihashAt(run.count - 1), location: run.locationAt(run.count - 1) })
    this.#runs++
    run.clear()
  }

  /** Number and bytes of the blocks at `positions` beyond what earlier runs have entered of them. */
  async #freshOf(positions: Uint32Array, isLast: boolean): Promise<Totals> {
    let bytes = 0
    for (const position of positions) bytes += this.#run.sizeAt(position)
    const suspects =
      this.#runs === 0 ? [] : [...positions].filter((position) => this.#entered.has(this.#print(position)))
    if (!isLast) for (const position of positions) this.#entered.add(this.#print(position))
    if (suspects.length === 0) return { blocks: positions.length, bytes }
    const places = await this.#index.entries(suspects.map((position) => this.#run.multihashAt(position)))
    const known = places.filter((place) => place !== undefined)
    const knownBytes = known.reduce((sum, { location }) => sum + location.size, 0)
    return { blocks: positions.length - known.length, bytes: bytes - knownBytes }
  }

  /** 27 bits of the multihash at a position, from its end: 16 MiB of bits. */
  #print(position: number): number {
    return this.#run.tailAt(position) % 2 ** 27
  }
}

/** The entries of the places at `positions`; their values share one memory. */
function changesOf(run: PlacedRun, positions: Uint32Array): Change[] {
  const values = new Uint8Array(positions.length * LOCATION_BYTES)
  return Array.from(positions, (position, at) => {
    const value = values.subarray(at * LOCATION_BYTES, (at + 1) * LOCATION_BYTES)
    encodeLocationInto(value, run.locationAt(position))
    return { key: run.multihashAt(position), value }
  })
}

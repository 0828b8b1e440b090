// How many batches a key-value store has taken, kept twice: with each batch, and in a file of its own behind it. LevelDB
// takes a log of its own that was cut off, or ends in garbage, for what a crash has left; the file knows better.
import { open, rm, type FileHandle } from 'node:fs/promises'
import { doubtFiles } from '../files/database-files.ts'
import type { Change, Database } from '../database/database.ts'
import type { OnRecovery } from '../recovery-event.ts'

/** Key of the count: no text has it in UTF-8, and it stands behind all that have. */
export const COUNT_KEY: Uint8Array = new Uint8Array([0xff])

/** Counts the batches of one store. */
export class BatchCount {
  readonly #file: FileHandle | undefined
  #count: number

  private constructor(file: FileHandle | undefined, count: number) {
    this.#file = file
    this.#count = count
  }

  /** Forgets the count of a store in folder `path` that is gone. */
  static async forget(path: string): Promise<void> {
    await rm(countPath(path), { force: true })
  }

  /** Opens the count of `database` in folder `path`, and doubts it when it has fewer batches than the file knows of. */
  static async open(path: string, database: Database, onRecovery: OnRecovery | undefined): Promise<BatchCount> {
    const [value] = await database.getReadable([COUNT_KEY])
    const count = value?.length === COUNT_BYTES ? decode(value) : 0
    // Without the file, as on a full disk, only the warning is missing.
    const file = await openFile(countPath(path)).catch(() => undefined)
    const bytes = Buffer.alloc(COUNT_BYTES)
    const { bytesRead } = (await file?.read(bytes, 0, COUNT_BYTES, 0)) ?? { bytesRead: 0 }
    const lost = bytesRead === COUNT_BYTES ? decode(bytes) - count : 0
    if (lost > 0) {
      await doubtFiles(path)
      onRecovery?.({ kind: 'cut', path, batches: lost })
    }
    const counter = new BatchCount(file, count)
    await counter.note()
    return counter
  }

  /** What belongs into the next batch. */
  next(): Change {
    this.#count++
    return { key: COUNT_KEY, value: encode(this.#count) }
  }

  /** To be called once that batch is on disk. */
  async note(): Promise<void> {
    await this.#file?.write(encode(this.#count), 0, COUNT_BYTES, 0).catch(() => undefined)
  }

  async close(): Promise<void> {
    await this.#file?.close()
  }
}

const COUNT_BYTES = 8

function countPath(path: string): string {
  return `${path}.count`
}

async function openFile(path: string): Promise<FileHandle> {
  return open(path, 'r+').catch(() => open(path, 'w+'))
}

function encode(count: number): Uint8Array {
  const bytes = Buffer.alloc(COUNT_BYTES)
  bytes.writeBigUInt64BE(BigInt(count))
  return bytes
}

function decode(bytes: Uint8Array): number {
  return Number(Buffer.from(bytes).readBigUInt64BE())
}

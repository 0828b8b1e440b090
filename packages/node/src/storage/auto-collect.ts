// Collects a repo by itself when it is above the watermark of its limit: as blocks come, and from time to time. What is put
// waits for a collection only when it would not fit otherwise. The clock says when to look, never what to delete.
import {
  isCairnError,
  type Block,
  type BlockStore,
  type CollectEvent,
  type KeyValueStore,
  type SweepOptions,
} from '@cairn/core'
import type { StorageLimit } from './storage-limit.ts'

/** What a collection by itself works with. */
export interface AutoCollectParts {
  readonly store: Pick<BlockStore, 'diskBytes'>
  readonly records: KeyValueStore
  readonly collect: (options: SweepOptions) => AsyncIterable<CollectEvent>
  /** Bytes that the disk can still take. Where these are few, they and not the limit say when to collect. */
  readonly roomBytes: () => Promise<number>
  /** Milliseconds, rising. */
  readonly now?: () => number
}

/** Key of the bytes that were left when a collection could not get below the watermark, as decimal text. */
const LEFT_KEY = 'gc/left'
/** A collection that could not get below is tried again when so great a part of the limit was written: 2 %. */
const RETRY_DIVISOR = 50
/** Bytes that a block takes on disk beside its own, at most. */
const RECORD_BYTES = 128
/** Bytes put after which it is measured again, since others may fill the disk. */
const LOOK_BYTES = 64 * 1024 * 1024
/** For so many times as long as a collection took that freed too little, puts that do not fit fail without another one. */
const FUTILE_PAUSE_FACTOR = 5

/** Keeps a repo below its limit; see the head of this file. */
export class AutoCollect {
  readonly #parts: AutoCollectParts
  /** As configured, and as far as the disk has room for it. */
  readonly #configured: StorageLimit
  #limit: StorageLimit
  readonly #now: () => number
  readonly #ending = new AbortController()
  readonly #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  /** Bytes on disk that were measured or left, and what was put since at most. */
  #expectedBytes = Infinity
  /** Bytes put since it was measured. */
  #putBytes = 0
  /** Bytes that are being put at most, or wait for room: what fits beside them fits. */
  #comingBytes = 0
  /** Bytes that the last collection could not go below, 0 when it could. */
  #leftBytes: number | undefined
  #pausedUntilMs = -Infinity

  constructor(parts: AutoCollectParts, limit: StorageLimit) {
    this.#parts = parts
    this.#configured = this.#limit = limit
    this.#now = parts.now ?? (() => performance.now())
    if (limit.periodMs === 0) return
    this.#timer = setInterval(() => void this.#lookAround(), limit.periodMs)
    this.#timer.unref()
  }

  /** Puts `blocks`: begins a collection before when it is time, and waits for it when there is no room. @throws what `put` throws */
  async withRoom(blocks: readonly Block[], put: () => Promise<void>): Promise<void> {
    const bytes = blocks.reduce((sum, block) => sum + block.bytes.length + RECORD_BYTES, 0)
    this.#comingBytes += bytes
    this.#expectedBytes += bytes
    this.#putBytes += bytes
    try {
      if (this.#expectedBytes > this.#limit.watermarkBytes || this.#putBytes > LOOK_BYTES) await this.#look()
      await put()
    } finally {
      this.#comingBytes -= bytes
    }
  }

  /** Resolves when no collection is running that was begun here. */
  async settled(): Promise<void> {
    await this.#running
  }

  /** Stops what runs. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#ending.abort(new Error('the node is closing'))
    await this.#running
  }

  /** Nobody waits for this look: what keeps it from looking may be gone the next time. */
  async #lookAround(): Promise<void> {
    try {
      await this.#look()
    } catch (error) {
      if (!isCairnError(error)) throw error
    }
  }

  async #look(): Promise<void> {
    if (this.#ending.signal.aborted) return
    const usedBytes = await this.#measure()
    const { bytesMax, watermarkBytes } = this.#limit
    if (this.#expectedBytes > bytesMax) {
      if (this.#running === undefined) {
        if (this.#now() >= this.#pausedUntilMs) await this.#begin()
      } else {
        // It may end without room, since it looks at what was there when it began.
        await this.#running
        await this.#look()
      }
    } else if (usedBytes <= watermarkBytes) {
      await this.#noteLeft(0)
    } else if (usedBytes > (await this.#left()) + bytesMax / RETRY_DIVISOR) {
      void this.#begin()
    }
  }

  async #measure(): Promise<number> {
    const [usedBytes, roomBytes] = await Promise.all([this.#parts.store.diskBytes(), this.#parts.roomBytes()])
    this.#expectedBytes = usedBytes + this.#comingBytes
    this.#putBytes = 0
    this.#limit = within(this.#configured, usedBytes + roomBytes)
    return usedBytes
  }

  #begin(): Promise<void> {
    this.#running ??= this.#collect().finally(() => (this.#running = undefined))
    return this.#running
  }

  async #collect(): Promise<void> {
    const startedMs = this.#now()
    try {
      const { bytesMax, targetBytes } = this.#limit
      const downToBytes = Math.max(Math.min(targetBytes, bytesMax - this.#comingBytes), 0)
      for await (const _ of this.#parts.collect({ signal: this.#ending.signal, downToBytes }));
      const usedBytes = await this.#measure()
      await this.#noteLeft(usedBytes > this.#limit.watermarkBytes ? usedBytes : 0)
      if (this.#expectedBytes <= this.#limit.bytesMax) return
    } catch (error) {
      // Whoever puts is told by the store that there is no room; `repo gc` tells why it cannot collect.
      if (!isCairnError(error) && !this.#ending.signal.aborted) throw error
    }
    this.#pausedUntilMs = this.#now() + FUTILE_PAUSE_FACTOR * (this.#now() - startedMs)
  }

  /** Kept beyond the process: each `cairn add` would try again in vain otherwise. */
  async #left(): Promise<number> {
    const record = this.#leftBytes === undefined ? await this.#parts.records.get(LEFT_KEY) : undefined
    this.#leftBytes ??= Number(new TextDecoder().decode(record)) || 0
    return this.#leftBytes
  }

  async #noteLeft(bytes: number): Promise<void> {
    if ((await this.#left()) === bytes) return
    this.#leftBytes = bytes
    const value = bytes === 0 ? undefined : new TextEncoder().encode(String(bytes))
    await this.#parts.records.batch([{ key: LEFT_KEY, value }])
  }
}

/** `limit` in proportion, where the disk has room for `bytes` in all and that is less. */
function within(limit: StorageLimit, bytes: number): StorageLimit {
  if (bytes >= limit.bytesMax) return limit
  const share = bytes / limit.bytesMax
  return {
    ...limit,
    bytesMax: bytes,
    watermarkBytes: Math.floor(limit.watermarkBytes * share),
    targetBytes: Math.floor(limit.targetBytes * share),
  }
}

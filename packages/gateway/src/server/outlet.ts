// The way to one client: what is written to it in small pieces, and when there is room for more.
import type { ServerResponse } from 'node:http'
import { gone } from '@cairn/http'
import { PATIENCE_CONTENDED_MS, PATIENCE_MS, STALL_MS } from '../limits.ts'
import type { ReadingPlaces } from '../request/reading-places.ts'
import type { Slabs } from './slabs.ts'

/** What an outlet works with. */
export interface OutletParts {
  readonly idleTimeoutMs: number
  readonly slabs: Slabs
}

/** The way to one client. Whoever makes it closes it. */
export class Outlet {
  readonly #response: ServerResponse
  readonly #parts: OutletParts
  readonly #leave: () => void
  readonly #onClose: () => void
  /** Slabs that the system may still read. */
  readonly #slabs = new Set<Uint8Array>()
  #unsent = 0
  #isGone = false
  /** Told whenever something is on its way, and when the client is gone. */
  #wake: () => void = () => undefined

  constructor(response: ServerResponse, parts: OutletParts) {
    this.#response = response
    this.#parts = parts
    this.#leave = parts.slabs.begin()
    this.#onClose = () => {
      this.#isGone = true
      // The socket is closed: nothing of it is read any more, whether it was told or not.
      for (const slab of this.#slabs) this.#free(slab)
      this.#wake()
    }
    response.once('close', this.#onClose)
  }

  /** Whether enough waits for the client to take it. */
  get isFull(): boolean {
    return this.#unsent >= this.#parts.slabs.share
  }

  /** Writes the piece of `bytes` at `at`, and gives its length. @throws UNAVAILABLE when the client is gone */
  write(bytes: Uint8Array, at: number): number {
    const { slabs } = this.#parts
    if (this.#isGone || this.#response.destroyed) throw gone()
    const { slab, piece } = slabs.copy(bytes, at)
    this.#slabs.add(slab)
    this.#unsent += piece.length
    this.#response.write(piece, () => {
      this.#unsent -= piece.length
      this.#free(slab)
      this.#wake()
    })
    return piece.length
  }

  /** Resolves when there is room for more. @throws UNAVAILABLE when the client is gone or takes nothing for too long */
  async room(): Promise<void> {
    if (!(await this.#waited(this.#parts.idleTimeoutMs))) this.#cut()
  }

  /** As {@link room}, but gives up soon, very soon where others wait for `places`: whether there is room. */
  roomSoon(places: ReadingPlaces): Promise<boolean> {
    return this.#waited(places.isAwaited ? PATIENCE_CONTENDED_MS : PATIENCE_MS)
  }

  /** As {@link room} for one who keeps a place of `places`, which others get who wait for it. */
  async roomInPlace(places: ReadingPlaces): Promise<void> {
    const { idleTimeoutMs } = this.#parts
    for (let waitedMs = 0; waitedMs < idleTimeoutMs; waitedMs += STALL_MS) {
      if (await this.#waited(Math.min(STALL_MS, idleTimeoutMs - waitedMs))) return
      if (places.isAwaited) break
    }
    this.#cut()
  }

  /** Frees what waits, once the answer has ended. */
  close(): void {
    this.#leave()
    if (this.#slabs.size === 0) this.#response.off('close', this.#onClose)
  }

  #free(slab: Uint8Array): void {
    if (this.#slabs.delete(slab)) this.#parts.slabs.giveBack(slab)
  }

  #cut(): never {
    this.#response.destroy()
    throw gone()
  }

  async #waited(ms: number): Promise<boolean> {
    // At least one piece has to go, or a share that shrinks would stop everything; nothing unsent is room enough.
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const timer = setTimeout(() => resolve(false), ms)
    this.#wake = () => {
      if (this.#isGone || !this.isFull || this.#unsent === 0) resolve(true)
    }
    try {
      if (this.isFull && !(await promise)) return false
    } finally {
      clearTimeout(timer)
      this.#wake = () => undefined
    }
    if (this.#isGone) throw gone()
    return true
  }
}

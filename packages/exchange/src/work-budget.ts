// How much work peers may make us do by what they send: each has a little of its own, and whoever wants more waits its turn for
// a share of what is set aside for all of them. So a peer that floods costs the others nothing.
import type { Clock, PeerId } from '@cairn/core'
import { PEER_WORK_BURST, PEER_WORK_PER_MS, SHARED_WORK_PER_MS, WORK_TICK_MS } from './limits.ts'

interface Worker {
  /** Units that it may still make us do; below 0 it is in debt and waits. */
  balance: number
  /** When `balance` was last made up to. */
  sinceMs: number
  /** Called when the debt is paid. */
  resume: (() => void) | undefined
}

/** Shares work out over peers. One unit is about what a want in a message costs. */
export class WorkBudget {
  readonly #clock: Clock
  readonly #workers = new Map<PeerId, Worker>()
  /** Those in debt, the one whose turn is next first. */
  readonly #waiting = new Set<Worker>()
  #cancelTick: (() => void) | undefined
  #isClosed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Begins to account for a peer; of others nothing is booked, and they never wait. */
  meet(peer: PeerId): void {
    if (this.#isClosed || this.#workers.has(peer)) return
    this.#workers.set(peer, { balance: PEER_WORK_BURST, sinceMs: this.#clock.now(), resume: undefined })
  }

  /** Books `units` that a peer made us do, or gives back those below 0. */
  charge(peer: PeerId, units: number): void {
    const worker = this.#workers.get(peer)
    if (worker === undefined) return
    this.#earn(worker)
    worker.balance = Math.min(worker.balance - units, PEER_WORK_BURST)
  }

  /** Whether the peer is in debt, so that `pass` would wait. */
  owes(peer: PeerId): boolean {
    const worker = this.#workers.get(peer)
    if (worker === undefined) return false
    this.#earn(worker)
    return worker.balance < 0
  }

  /** Resolves when the peer may go on: at once, or when its debt is paid or it is forgotten. One call a peer at a time. */
  async pass(peer: PeerId): Promise<void> {
    const worker = this.#workers.get(peer)
    if (worker === undefined || !this.owes(peer)) return
    await new Promise<void>((resolve) => {
      worker.resume = resolve
      this.#waiting.add(worker)
      this.#cancelTick ??= this.#clock.after(WORK_TICK_MS, () => this.#tick())
    })
  }

  /** Books `units` in the middle of something, and lets all others go on before it resolves, as `pass`. */
  async pause(peer: PeerId, units: number): Promise<void> {
    this.charge(peer, units)
    await new Promise<void>((resolve) => this.#clock.after(0, resolve))
    await this.pass(peer)
  }

  /** Lets go of a peer that is not connected any more. */
  forget(peer: PeerId): void {
    const worker = this.#workers.get(peer)
    if (worker === undefined) return
    this.#workers.delete(peer)
    this.#release(worker)
  }

  close(): void {
    this.#isClosed = true
    this.#cancelTick?.()
    for (const peer of this.#workers.keys()) this.forget(peer)
  }

  /** Pays debts in turn, as far as the share of one tick goes. */
  #tick(): void {
    this.#cancelTick = undefined
    let units = SHARED_WORK_PER_MS * WORK_TICK_MS
    const part = Math.ceil(units / Math.max(1, this.#waiting.size))
    const waiting = [...this.#waiting]
    for (const worker of waiting) {
      if (units <= 0) break
      this.#earn(worker)
      // More than its debt: who pays little at a time would else wait a tick for each message.
      const paid = Math.min(units, part)
      units -= paid
      worker.balance += paid
      // To the end of the line.
      this.#waiting.delete(worker)
      if (worker.balance >= 0) this.#release(worker)
      else this.#waiting.add(worker)
    }
    if (this.#waiting.size > 0) this.#cancelTick = this.#clock.after(WORK_TICK_MS, () => this.#tick())
  }

  #release(worker: Worker): void {
    this.#waiting.delete(worker)
    worker.resume?.()
    worker.resume = undefined
  }

  #earn(worker: Worker): void {
    const nowMs = this.#clock.now()
    worker.balance = Math.min(worker.balance + (nowMs - worker.sinceMs) * PEER_WORK_PER_MS, PEER_WORK_BURST)
    worker.sinceMs = nowMs
  }
}

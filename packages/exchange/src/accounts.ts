// Bytes of blocks that went to each peer and came from it, also in earlier runs. Only so many peers are remembered: those
// that gave or took something last. The record that outlives a run is JSON: [[peer, sent, received, exchanges, wasted], …], the
// longest unchanged first.
import type { PeerId } from '@cairn/core'
import { ACCOUNTS_MAX } from './limits.ts'

/** What passed between a peer and us. */
export interface Account {
  /** Bytes of blocks. */
  readonly sent: number
  readonly received: number
  /** Blocks, both ways. */
  readonly exchanges: number
  /** Bytes of those that were received and of no use: they had come already, or nobody had asked for them. */
  readonly wasted: number
}

const NOTHING: Account = { sent: 0, received: 0, exchanges: 0, wasted: 0 }

/** The accounts of all peers. */
export class Accounts {
  /** The longest unchanged first. */
  readonly #accounts = new Map<PeerId, Account>()
  #isChanged = false

  /** @param record what `encode` gave in an earlier run; one that is damaged counts as none, since nothing depends on it */
  constructor(record?: Uint8Array) {
    if (record === undefined) return
    for (const [peer, account] of decode(record)) this.#set(peer, account)
    this.#isChanged = false
  }

  /** Whether anything has changed since it was encoded last. */
  get isChanged(): boolean {
    return this.#isChanged
  }

  of(peer: PeerId): Account {
    return this.#accounts.get(peer) ?? NOTHING
  }

  /** Adds what has just passed. */
  add(peer: PeerId, { sent = 0, received = 0, exchanges = 0, wasted = 0 }: Partial<Account>): void {
    if (exchanges === 0 && wasted === 0) return
    const before = this.of(peer)
    this.#accounts.delete(peer)
    this.#set(peer, {
      sent: before.sent + sent,
      received: before.received + received,
      exchanges: before.exchanges + exchanges,
      wasted: before.wasted + wasted,
    })
  }

  encode(): Uint8Array {
    this.#isChanged = false
    const rows = Array.from(this.#accounts, ([peer, { sent, received, exchanges, wasted }]) => [
      peer,
      sent,
      received,
      exchanges,
      wasted,
    ])
    return Buffer.from(JSON.stringify(rows))
  }

  #set(peer: PeerId, account: Account): void {
    this.#accounts.set(peer, account)
    this.#isChanged = true
    const [oldest] = this.#accounts.keys()
    if (this.#accounts.size > ACCOUNTS_MAX && oldest !== undefined) this.#accounts.delete(oldest)
  }
}

function* decode(record: Uint8Array): Generator<[PeerId, Account]> {
  let rows: unknown
  try {
    rows = JSON.parse(Buffer.from(record).toString())
  } catch {
    return
  }
  for (const row of listOf(rows)) {
    // Early records lack the last one.
    const [peer, sent, received, exchanges, wasted = 0] = listOf(row)
    if (typeof peer === 'string' && isCount(sent) && isCount(received) && isCount(exchanges) && isCount(wasted))
      yield [peer, { sent, received, exchanges, wasted }]
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

// The answering side of bitswap. Messages only change ledgers; answers are made afterwards, peer by peer in turn, each
// turn bounded in bytes, so that peers get like shares however much they ask for. A slow peer holds its own turns alone.
import { BLOCK_BYTES_MAX, type Block, type Clock, type Network, type PeerId } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import {
  ANSWER_BYTES,
  ANSWERS_MAX,
  ANSWERS_PER_PEER,
  LATE_ANSWERS_MAX,
  LATE_MS,
  SEND_TIMEOUT_MS,
  SMALL_BLOCK_BYTES,
} from '../limits.ts'
import { encodeMessage, type Message, type Presence } from '../message.ts'
import type { RateLimiter } from '../rate-limit.ts'
import { readBlocks, sizesOf, type BlockSource } from './block-source.ts'
import { Ledger } from './ledger.ts'
import type { ServePolicy } from './serve-policy.ts'
import { WantIndex, type LedgerWant } from './want-index.ts'

/** What a server needs from outside. */
export interface ServerParts {
  readonly network: Network
  readonly store: BlockSource
  readonly clock: Clock
  readonly policy: ServePolicy
  readonly limiter: RateLimiter
  readonly onServed: Served
}

/** Told of blocks that a peer was sent, and their bytes. */
export type Served = (peer: PeerId, blocks: number, bytes: number) => void

/** Counts since the server began; bytes are those of blocks. */
export interface ServerStats {
  readonly blocksSent: number
  readonly dataSent: number
  readonly messagesSent: number
}

/** One peer that is served. */
interface Customer {
  readonly ledger: Ledger
  readonly closing: AbortController
  /** Whether an answer is being chosen: the next one waits for it, to keep the order of priority. */
  isChoosing: boolean
  /** Answers being chosen, read or sent. */
  answers: number
}

/** What goes into one answer. */
interface Choice {
  readonly chosen: LedgerWant[]
  readonly presences: Presence[]
}

/** Serves the blocks of a store to the peers that want them. */
export class Server {
  readonly #network: Network
  readonly #store: BlockSource
  readonly #clock: Clock
  readonly #limiter: RateLimiter
  readonly #onServed: Served
  readonly #index = new WantIndex()
  readonly #customers = new Map<PeerId, Customer>()
  /** Customers whose turn may come, the next one first. */
  readonly #ready = new Set<Customer>()
  readonly #answers = new Set<Promise<void>>()
  /** Peers that are slow to take an answer, one entry an answer, the slowest first. These leave their place to others. */
  readonly #late = new Set<{ readonly peer: PeerId }>()
  readonly #counts = { blocksSent: 0, dataSent: 0, messagesSent: 0 }
  #policy: ServePolicy
  #cancelTurn: (() => void) | undefined
  #cancelWait: (() => void) | undefined

  constructor(parts: ServerParts) {
    this.#network = parts.network
    this.#store = parts.store
    this.#clock = parts.clock
    this.#limiter = parts.limiter
    this.#onServed = parts.onServed
    this.#policy = parts.policy
  }

  get stats(): ServerStats {
    return { ...this.#counts }
  }

  connected(peer: PeerId): void {
    if (this.#customers.has(peer)) return
    const ledger = new Ledger(peer, this.#index)
    this.#index.ledgers.add(ledger)
    this.#customers.set(peer, { ledger, closing: new AbortController(), isChoosing: false, answers: 0 })
  }

  disconnected(peer: PeerId): void {
    const customer = this.#customers.get(peer)
    if (customer === undefined) return
    this.#customers.delete(peer)
    this.#ready.delete(customer)
    this.#index.ledgers.delete(customer.ledger)
    customer.ledger.clear()
    customer.closing.abort()
  }

  /** Takes what the peer wants. */
  receive(peer: PeerId, { wants, full }: Message): void {
    const customer = this.#customers.get(peer)
    if (customer === undefined || (wants.length === 0 && !full)) return
    customer.ledger.apply(wants, full)
    this.#line(customer)
  }

  /** Tells that the blocks of `cids` are in the store now: peers that wait for them are served. */
  announce(cids: Iterable<CID>): void {
    for (const cid of cids) {
      for (const want of this.#index.find(cid)) {
        const customer = this.#customers.get(want.peer)
        if (want.state === 'looking') want.announced = true
        else if (want.state === 'waiting' && customer !== undefined) {
          customer.ledger.requeue(want)
          this.#line(customer)
        }
      }
    }
  }

  /** Serves by another policy from now on, also those who wait. */
  setPolicy(policy: ServePolicy): void {
    this.#policy = policy
    for (const customer of this.#customers.values()) {
      customer.ledger.requeueAll()
      this.#line(customer)
    }
  }

  /** What a peer wants of us and has not got; nothing for one that is not connected. */
  wantsOf(peer: PeerId): readonly CID[] {
    return this.#customers.get(peer)?.ledger.cids ?? []
  }

  /** Stops serving; resolves when nothing is being read or sent any more. */
  async close(): Promise<void> {
    this.#cancelTurn?.()
    this.#cancelWait?.()
    for (const peer of this.#customers.keys()) this.disconnected(peer)
    await Promise.all(this.#answers)
  }

  /** Puts a customer in line if it has work and an answer to spare, and has turns given soon. */
  #line(customer: Customer): void {
    const { ledger, closing, isChoosing, answers } = customer
    if (closing.signal.aborted || isChoosing || answers >= ANSWERS_PER_PEER || !ledger.hasWork) return
    this.#ready.add(customer)
    this.#cancelTurn ??= this.#clock.after(0, () => {
      this.#cancelTurn = undefined
      this.#giveTurns()
    })
  }

  /** Who is over a rate keeps its place, and nothing is read for it meanwhile. */
  #giveTurns(): void {
    this.#cancelWait?.()
    this.#cancelWait = undefined
    let waitMs = Number.POSITIVE_INFINITY
    for (const customer of this.#ready) {
      if (this.#answers.size - this.#late.size >= ANSWERS_MAX) return
      const ms = this.#limiter.waitMs(customer.ledger.peer, 'up')
      if (ms > 0) {
        waitMs = Math.min(waitMs, ms)
        continue
      }
      this.#ready.delete(customer)
      const answer = this.#serve(customer).finally(() => {
        this.#answers.delete(answer)
        this.#giveTurns()
      })
      this.#answers.add(answer)
    }
    if (waitMs < Number.POSITIVE_INFINITY) this.#cancelWait = this.#clock.after(waitMs, () => this.#giveTurns())
  }

  async #serve(customer: Customer): Promise<void> {
    const { peer } = customer.ledger
    const bytesMax = this.#limiter.answerBytes(peer, ANSWER_BYTES)
    customer.answers++
    // Taken before the next turn is given, and given back before the message itself is counted.
    this.#limiter.charge(peer, 'up', bytesMax)
    let reserved = bytesMax
    const giveBack = (): void => {
      this.#limiter.charge(peer, 'up', -reserved)
      reserved = 0
    }
    try {
      const choice = await this.#choose(customer, bytesMax)
      const blocks = await this.#read(customer.ledger, choice)
      giveBack()
      if (blocks.length > 0 || choice.presences.length > 0) await this.#send(customer, blocks, choice.presences)
    } finally {
      giveBack()
      customer.answers--
      this.#line(customer)
    }
  }

  /** Looks up the next wants of a customer and chooses which blocks go into one answer; the rest stays in line. */
  async #choose(customer: Customer, bytesMax: number): Promise<Choice> {
    const { ledger } = customer
    customer.isChoosing = true
    const batch = ledger.take(bytesMax)
    await this.#lookUp(batch)
    customer.isChoosing = false
    const choice: Choice = { chosen: [], presences: ledger.takeRefusals() }
    let bytes = 0
    for (const want of batch) {
      if (want.state === 'ended') continue
      if (want.size === undefined) miss(ledger, want, choice.presences)
      else if (want.type === 'have' && want.size > SMALL_BLOCK_BYTES) {
        ledger.remove(want)
        choice.presences.push({ cid: want.cid, has: true })
      } else if (bytes > 0 && bytes + want.size > bytesMax) ledger.requeue(want)
      else {
        choice.chosen.push(want)
        bytes += want.size
      }
    }
    this.#line(customer)
    return choice
  }

  /**
   * A block that the store fails for, or that no peer would take, or that the peer may not have, is taken to be lacking, so
   * that the others are served.
   */
  async #lookUp(wants: readonly LedgerWant[]): Promise<void> {
    const unknown: LedgerWant[] = []
    for (const want of wants) {
      if (!this.#policy.mayServe(want.peer, want.cid)) want.size = undefined
      else if (want.size === undefined) unknown.push(want)
    }
    const sizes = await sizesOf(
      this.#store,
      unknown.map(({ cid }) => cid),
    )
    for (const [index, want] of unknown.entries()) {
      const size = sizes[index]
      want.size = size !== undefined && size > BLOCK_BYTES_MAX ? undefined : size
    }
  }

  /** Blocks of the wants that are still wanted after reading; those that cannot be read go to `presences`. */
  async #read(ledger: Ledger, { chosen, presences }: Choice): Promise<Block[]> {
    const found = await readBlocks(
      this.#store,
      chosen.map(({ cid }) => cid),
    )
    const blocks: Block[] = []
    for (const [index, want] of chosen.entries()) {
      const block = found[index]
      if (want.state === 'ended') continue
      if (block === undefined) miss(ledger, want, presences)
      else {
        ledger.remove(want)
        blocks.push(block)
      }
    }
    return blocks
  }

  async #send({ ledger, closing }: Customer, blocks: readonly Block[], presences: readonly Presence[]): Promise<void> {
    const { peer, pendingBytes } = ledger
    const entry = { peer }
    const cancelLate = this.#clock.after(LATE_MS, () => this.#passBy(entry))
    const cancelTimeout = this.#clock.after(SEND_TIMEOUT_MS, () => this.#reset(peer))
    try {
      await this.#network.send(peer, encodeMessage({ blocks, presences, pendingBytes }), { signal: closing.signal })
      this.#counts.messagesSent++
      this.#counts.blocksSent += blocks.length
      const sent = blocks.reduce((sum, { bytes }) => sum + bytes.length, 0)
      this.#counts.dataSent += sent
      this.#onServed(peer, blocks.length, sent)
    } catch {
      // The connection is gone and the wants with it: the network tells so by itself.
    } finally {
      cancelTimeout()
      cancelLate()
      this.#late.delete(entry)
    }
  }

  /** Lets others go on while a peer takes its time; when too many do, the slowest is let go. */
  #passBy(entry: { readonly peer: PeerId }): void {
    this.#late.add(entry)
    const [slowest] = this.#late
    if (slowest !== undefined && this.#late.size > LATE_ANSWERS_MAX) this.#reset(slowest.peer)
    this.#giveTurns()
  }

  #reset(peer: PeerId): void {
    this.#network.reset(peer, 'does not take what it asked for')
  }
}

/** The block is not here: the want waits for it, and the peer hears so if it wants to. */
function miss(ledger: Ledger, want: LedgerWant, presences: Presence[]): void {
  ledger.wait(want)
  if (want.state === 'waiting' && want.sendDontHave) presences.push({ cid: want.cid, has: false })
}

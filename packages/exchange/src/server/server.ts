// The answering side of bitswap. Messages only change ledgers; answers are made afterwards, peer by peer in turn, each
// turn bounded in bytes, so that peers get like shares however much they ask for. A slow peer holds its own turns alone.
import { BLOCK_BYTES_MAX, type Block, type BlockStore, type Clock, type Network, type PeerId } from '@cairn/core'
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
import { Ledger } from './ledger.ts'
import { WantIndex, type LedgerWant } from './want-index.ts'

/** What the server reads blocks from. */
export type BlockSource = Pick<BlockStore, 'get' | 'getMany' | 'size'>

/** What a server needs from outside. */
export interface ServerParts {
  readonly network: Network
  readonly store: BlockSource
  readonly clock: Clock
}

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
  readonly #index = new WantIndex()
  readonly #customers = new Map<PeerId, Customer>()
  /** Customers whose turn may come, the next one first. */
  readonly #ready = new Set<Customer>()
  readonly #answers = new Set<Promise<void>>()
  /** Peers that are slow to take an answer, one entry an answer, the slowest first. These leave their place to others. */
  readonly #late = new Set<{ readonly peer: PeerId }>()
  readonly #counts = { blocksSent: 0, dataSent: 0, messagesSent: 0 }
  #cancelTurn: (() => void) | undefined

  constructor(parts: ServerParts) {
    this.#network = parts.network
    this.#store = parts.store
    this.#clock = parts.clock
  }

  get stats(): ServerStats {
    return { ...this.#counts }
  }

  connected(peer: PeerId): void {
    if (this.#customers.has(peer)) return
    const ledger = new Ledger(peer, this.#index)
    this.#customers.set(peer, { ledger, closing: new AbortController(), isChoosing: false, answers: 0 })
  }

  disconnected(peer: PeerId): void {
    const customer = this.#customers.get(peer)
    if (customer === undefined) return
    this.#customers.delete(peer)
    this.#ready.delete(customer)
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

  /** Stops serving; resolves when nothing is being read or sent any more. */
  async close(): Promise<void> {
    this.#cancelTurn?.()
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

  #giveTurns(): void {
    for (const customer of this.#ready) {
      if (this.#answers.size - this.#late.size >= ANSWERS_MAX) return
      this.#ready.delete(customer)
      const answer = this.#serve(customer).finally(() => {
        this.#answers.delete(answer)
        this.#giveTurns()
      })
      this.#answers.add(answer)
    }
  }

  async #serve(customer: Customer): Promise<void> {
    customer.answers++
    try {
      const choice = await this.#choose(customer)
      const blocks = await this.#read(customer.ledger, choice)
      if (blocks.length > 0 || choice.presences.length > 0) await this.#send(customer, blocks, choice.presences)
    } finally {
      customer.answers--
      this.#line(customer)
    }
  }

  /** Looks up the next wants of a customer and chooses which blocks go into one answer; the rest stays in line. */
  async #choose(customer: Customer): Promise<Choice> {
    const { ledger } = customer
    customer.isChoosing = true
    const batch = ledger.take(ANSWER_BYTES)
    await Promise.all(batch.map((want) => this.#lookUp(want)))
    customer.isChoosing = false
    const choice: Choice = { chosen: [], presences: ledger.takeRefusals() }
    let bytes = 0
    for (const want of batch) {
      if (want.state === 'ended') continue
      if (want.size === undefined) miss(ledger, want, choice.presences)
      else if (want.type === 'have' && want.size > SMALL_BLOCK_BYTES) {
        ledger.remove(want)
        choice.presences.push({ cid: want.cid, has: true })
      } else if (bytes > 0 && bytes + want.size > ANSWER_BYTES) ledger.requeue(want)
      else {
        choice.chosen.push(want)
        bytes += want.size
      }
    }
    this.#line(customer)
    return choice
  }

  /**
   * A store that fails for one block is taken to lack it, so that the others are served; so is one that holds a block
   * which no peer would take.
   */
  async #lookUp(want: LedgerWant): Promise<void> {
    try {
      want.size ??= await this.#store.size(want.cid)
      if (want.size !== undefined && want.size > BLOCK_BYTES_MAX) want.size = undefined
    } catch {
      want.size = undefined
    }
  }

  /** Blocks of the wants that are still wanted after reading; those that cannot be read go to `presences`. */
  async #read(ledger: Ledger, { chosen, presences }: Choice): Promise<Block[]> {
    const found = await this.#readMany(chosen.map(({ cid }) => cid))
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

  async #readMany(cids: readonly CID[]): Promise<(Block | undefined)[]> {
    if (cids.length === 0) return []
    try {
      return await this.#store.getMany(cids)
    } catch {
      return await Promise.all(cids.map(async (cid) => await this.#readOne(cid)))
    }
  }

  async #readOne(cid: CID): Promise<Block | undefined> {
    try {
      return await this.#store.get(cid)
    } catch {
      return undefined
    }
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
      this.#counts.dataSent += blocks.reduce((sum, { bytes }) => sum + bytes.length, 0)
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

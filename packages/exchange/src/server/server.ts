// The answering side of bitswap. Messages only change ledgers; answers are made afterwards, peer by peer in turn, each
// turn bounded in bytes.
import type { Block, Clock, Network, PeerAbilities, PeerId } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { ANSWER_BYTES } from '../limits.ts'
import { BUSY_ANSWERS, WORK_SLICE_WANTS } from './limits.ts'
import { encodeMessage, type Presence } from '../message.ts'
import type { RateLimiter } from '../rate-limit.ts'
import type { RefusalReason, Refusals } from '../guard/refusals.ts'
import type { ReceivedWant, WantList } from '../want-list.ts'
import type { WorkBudget } from '../work-budget.ts'
import { chooseAnswer, readAnswer, type Choice, type Shelf } from './answer.ts'
import type { BlockSource } from './block-source.ts'
import { Customer } from './customer.ts'
import { Line } from './line.ts'
import { SentLately } from './sent-lately.ts'
import type { ServePolicy } from './serve-policy.ts'
import { WantIndex } from './want-index.ts'

/** What a server needs from outside. */
export interface ServerParts {
  readonly network: Network
  readonly store: BlockSource
  readonly clock: Clock
  readonly policy: ServePolicy
  readonly limiter: RateLimiter
  /** What taking wants costs, and may cost. */
  readonly work: WorkBudget
  /** Where wants are counted that are passed over. */
  readonly refusals: Refusals
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

/** Serves the blocks of a store to the peers that want them. */
export class Server {
  readonly #network: Network
  readonly #store: BlockSource
  readonly #limiter: RateLimiter
  readonly #work: WorkBudget
  readonly #refusals: Refusals
  readonly #clock: Clock
  readonly #onServed: Served
  readonly #line: Line
  readonly #index = new WantIndex()
  readonly #customers = new Map<PeerId, Customer>()
  readonly #counts = { blocksSent: 0, dataSent: 0, messagesSent: 0 }
  #policy: ServePolicy
  readonly #sent: SentLately

  constructor({ network, store, clock, policy, limiter, work, refusals, onServed }: ServerParts) {
    this.#network = network
    this.#store = store
    this.#limiter = limiter
    this.#work = work
    this.#refusals = refusals
    this.#clock = clock
    this.#onServed = onServed
    this.#policy = policy
    this.#sent = new SentLately(clock)
    this.#line = new Line({
      clock,
      limiter,
      serve: (customer) => this.#serve(customer),
      drop: ({ peer }) => network.reset(peer, 'does not take what it asked for'),
    })
  }

  get stats(): ServerStats {
    return { ...this.#counts }
  }

  connected(peer: PeerId, { presences }: PeerAbilities): void {
    let customer = this.#customers.get(peer)
    if (customer === undefined) {
      customer = new Customer(peer, this.#index)
      this.#index.ledgers.add(customer.ledger)
      this.#customers.set(peer, customer)
    }
    customer.knowsPresences = presences
  }

  disconnected(peer: PeerId): void {
    const customer = this.#customers.get(peer)
    if (customer === undefined) return
    this.#customers.delete(peer)
    this.#line.leave(customer)
    this.#index.ledgers.delete(customer.ledger)
    customer.ledger.clear()
    customer.closing.abort()
  }

  /** Takes what the peer wants, a slice at a time, so that a long list holds nobody up. @throws INVALID when it breaks the format */
  async receive(peer: PeerId, list: WantList): Promise<void> {
    const customer = this.#customers.get(peer)
    if (customer === undefined) return
    const { ledger } = customer
    if (list.full) {
      ledger.beginFullList()
      await this.#inSlices(customer, list, (want) => {
        if (typeof want !== 'string') ledger.keep(want)
      })
      ledger.endFullList()
    }
    await this.#inSlices(customer, list, (want) => {
      if (typeof want === 'string') this.#refusals.count(want)
      else if (!ledger.apply(want)) this.#refusals.count('want-without-room')
    })
  }

  /** Tells that the blocks of `cids` are in the store now: peers that wait for them are served. */
  announce(cids: Iterable<CID>): void {
    for (const cid of cids) {
      for (const want of this.#index.find(cid)) {
        const customer = this.#customers.get(want.peer)
        if (want.state === 'looking') want.announced = true
        else if (want.state === 'waiting' && customer !== undefined) {
          customer.ledger.requeue(want)
          this.#line.rejoin(customer)
        }
      }
    }
  }

  /** Serves by another policy from now on, also those who wait. */
  setPolicy(policy: ServePolicy): void {
    this.#policy = policy
    for (const customer of this.#customers.values()) {
      customer.ledger.requeueAll()
      this.#line.rejoin(customer)
    }
  }

  /** What a peer wants of us and has not got; nothing for one that is not connected. */
  wantsOf(peer: PeerId): readonly CID[] {
    return this.#customers.get(peer)?.ledger.cids ?? []
  }

  /** Stops serving; resolves when nothing is being read or sent any more. */
  async close(): Promise<void> {
    for (const peer of this.#customers.keys()) this.disconnected(peer)
    await this.#line.close()
  }

  async #inSlices(
    customer: Customer,
    list: WantList,
    take: (want: ReceivedWant | RefusalReason) => void,
  ): Promise<void> {
    let left = WORK_SLICE_WANTS
    for (const want of list) {
      if (left === 0) {
        left = WORK_SLICE_WANTS
        this.#line.rejoin(customer)
        await this.#work.pause(customer.peer, WORK_SLICE_WANTS)
        if (customer.isGone) return
      }
      take(want)
      left--
    }
    this.#work.charge(customer.peer, WORK_SLICE_WANTS - left)
    this.#line.rejoin(customer)
  }

  async #serve(customer: Customer): Promise<void> {
    const { peer, ledger } = customer
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
      const blocks = await readAnswer(this.#shelf, ledger, choice)
      giveBack()
      const isHeld = choice.chosen.length === 0 && choice.presences.length === 0
      customer.served(this.#clock.now(), { isHeld })
      const presences = customer.knowsPresences ? choice.presences : []
      if (blocks.length > 0 || presences.length > 0) {
        const sentAt = this.#clock.now()
        await this.#line.timed(customer, this.#send(customer, blocks, presences))
        if (blocks.length > 0) customer.took(this.#clock.now(), this.#clock.now() - sentAt)
      } else if (isHeld) this.#line.hold(customer)
    } finally {
      giveBack()
      customer.answers--
      this.#line.join(customer)
    }
  }

  async #choose(customer: Customer, bytesMax: number): Promise<Choice> {
    customer.isChoosing = true
    try {
      return await chooseAnswer(this.#shelf, customer.ledger, {
        bytesMax,
        isBusy: this.#line.othersBeside(customer) >= BUSY_ANSWERS && customer.mayHold(this.#clock.now()),
      })
    } finally {
      customer.isChoosing = false
      this.#line.join(customer)
    }
  }

  get #shelf(): Shelf {
    return { store: this.#store, policy: this.#policy, sent: this.#sent }
  }

  async #send({ ledger, closing }: Customer, blocks: readonly Block[], presences: readonly Presence[]): Promise<void> {
    const { peer, pendingBytes } = ledger
    try {
      await this.#network.send(peer, encodeMessage({ blocks, presences, pendingBytes }), { signal: closing.signal })
      this.#counts.messagesSent++
      this.#counts.blocksSent += blocks.length
      const sent = blocks.reduce((sum, { bytes }) => sum + bytes.length, 0)
      this.#counts.dataSent += sent
      this.#onServed(peer, blocks.length, sent)
    } catch {
      // The connection is gone and the wants with it: the network tells so by itself.
    }
  }
}

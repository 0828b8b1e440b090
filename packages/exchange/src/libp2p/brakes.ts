// Whose connections are read: that of a stranger is not while it owes for the streams that it opened and the pieces that it sent,
// nor while more of it is unread than the message in hand leaves time for. Peers that give us what we wanted, or that were asked
// for something, are always read.
import type { Clock, PeerId } from '@cairn/core'
import type { Connection } from '@libp2p/interface'
import { BRAKE_LOOK_BYTES, PIECE_WORK, READ_BYTES_PER_WORK, SENT_BYTES_PER_WORK, STREAM_WORK } from './limits.ts'
import { WorkBudget } from '../work-budget.ts'
import { Brake } from './brake.ts'

/** What the brakes ask about a peer. */
export interface BrakeRules {
  /** Whether it is read whatever it does. */
  readonly isExempt: (peer: PeerId) => boolean
  /** Whether enough of it is unread for now. */
  readonly isFull: (peer: PeerId) => boolean
}

/** One connected peer. */
interface Guest {
  /** By the connection's id. */
  readonly brakes: Map<string, Brake>
  /** Bytes since it was last looked whether it is full. */
  newBytes: number
  isFull: boolean
  isPaying: boolean
}

/** The brakes of all connections. */
export class Brakes {
  readonly #rules: BrakeRules
  readonly #work: WorkBudget
  readonly #guests = new Map<PeerId, Guest>()

  constructor(clock: Clock, rules: BrakeRules) {
    this.#work = new WorkBudget(clock)
    this.#rules = rules
  }

  /** Puts a brake on a connection that has opened. */
  meet(connection: Connection): void {
    const peer = connection.remotePeer.toString()
    const guest = this.#guests.get(peer) ?? { brakes: new Map(), newBytes: 0, isFull: false, isPaying: false }
    if (guest.brakes.has(connection.id)) return
    const brake = Brake.of(connection, {
      onBytes: (bytes) => this.#came(peer, bytes),
      onStream: () => this.#charge(peer, STREAM_WORK),
    })
    if (brake === undefined) return
    this.#guests.set(peer, guest)
    this.#work.meet(peer)
    guest.brakes.set(connection.id, brake)
    this.ease(peer)
  }

  /** Forgets a connection that has closed. */
  forget({ id, remotePeer }: Connection): void {
    const peer = remotePeer.toString()
    const guest = this.#guests.get(peer)
    guest?.brakes.delete(id)
    if (guest === undefined || guest.brakes.size > 0) return
    this.#guests.delete(peer)
    this.#work.forget(peer)
  }

  /** The peer was sent this much: who takes what it asked for may ask again. */
  sent(peer: PeerId, bytes: number): void {
    this.#work.charge(peer, -bytes / SENT_BYTES_PER_WORK)
  }

  /** Looks again whether the peer is to be read: it may have less unread, or be exempt. */
  ease(peer: PeerId): void {
    const guest = this.#guests.get(peer)
    if (guest === undefined) return
    guest.isFull &&= this.#rules.isFull(peer)
    this.#apply(peer, guest)
  }

  /** Reads all that is left, and books nothing any more. */
  close(): void {
    this.#work.close()
    for (const { brakes } of this.#guests.values()) for (const brake of brakes.values()) brake.set(false)
    this.#guests.clear()
  }

  #came(peer: PeerId, bytes: number): void {
    const guest = this.#guests.get(peer)
    if (guest === undefined || this.#rules.isExempt(peer)) return
    this.#charge(peer, PIECE_WORK + bytes / READ_BYTES_PER_WORK)
    guest.newBytes += bytes
    if (guest.newBytes < BRAKE_LOOK_BYTES) return
    guest.newBytes = 0
    guest.isFull = this.#rules.isFull(peer)
    this.#apply(peer, guest)
  }

  #charge(peer: PeerId, units: number): void {
    const guest = this.#guests.get(peer)
    if (guest === undefined || this.#rules.isExempt(peer)) return
    this.#work.charge(peer, units)
    if (guest.isPaying || !this.#work.owes(peer)) return
    guest.isPaying = true
    this.#apply(peer, guest)
    void this.#work.pass(peer).then(() => {
      guest.isPaying = false
      this.ease(peer)
    })
  }

  #apply(peer: PeerId, { brakes, isFull, isPaying }: Guest): void {
    const isOn = (isFull || isPaying) && !this.#rules.isExempt(peer)
    for (const brake of brakes.values()) brake.set(isOn)
  }
}

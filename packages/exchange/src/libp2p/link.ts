// All that the network keeps of one connected peer: our stream to it, its streams to us, and what it speaks.
import { Turns, type PeerAbilities, type PeerId } from '@cairn/core'
import type { Connection, PeerId as Libp2pPeerId, Stream } from '@libp2p/interface'
import { InboundRoom } from '../guard/inbound-room.ts'
import { downgradeMessage } from '../message.ts'
import type { MessageReader } from './message-reader.ts'
import { MessageWriter } from './message-writer.ts'

/** Best first, which is the order of negotiation. */
export const PROTOCOLS = ['/ipfs/bitswap/1.2.0', '/ipfs/bitswap/1.1.0', '/ipfs/bitswap/1.0.0', '/ipfs/bitswap']

/** The first that knows presences, and the last in which blocks have prefixes. */
const [WITH_PRESENCES, WITH_PREFIXES] = PROTOCOLS

/** Who knows the connections of a peer. */
interface Connections {
  getConnections(peer: Libp2pPeerId): Connection[]
}

/** All that belongs to one peer, from connected to disconnected. */
export class Link {
  readonly peer: PeerId
  readonly id: Libp2pPeerId
  readonly writer: MessageWriter
  readonly room = new InboundRoom()
  readonly inbound = new Set<MessageReader>()
  /** Messages are handled one at a time, whatever stream they came on. */
  readonly #handling = new Turns()
  /** Messages that are being handled, or wait for it. */
  #inHand = 0
  isUp = true
  /** The best protocol that the peer says it knows, and the one of the stream that it opened last. */
  offered: string | undefined
  heard: string | undefined
  /** The protocol of our own stream to it, which the peer agreed to: after one was opened, no other counts. */
  #agreed: string | undefined
  #abilities: PeerAbilities | undefined
  readonly #onAbilities: (link: Link, abilities: PeerAbilities) => void

  constructor(libp2p: Connections, id: Libp2pPeerId, onAbilities: (link: Link, abilities: PeerAbilities) => void) {
    this.peer = id.toString()
    this.id = id
    this.#onAbilities = onAbilities
    this.writer = new MessageWriter(async (signal) => {
      const connection = libp2p.getConnections(id).find((candidate) => candidate.status === 'open')
      if (connection === undefined) throw new Error(`not connected to ${this.peer}`)
      const stream = await connection.newStream(this.#protocols, { signal })
      this.agree(stream)
      return stream
    }, formOf)
  }

  get abilities(): PeerAbilities {
    const protocol = this.#agreed ?? this.#protocols[0]
    return { presences: protocol === WITH_PRESENCES }
  }

  /** What a peer speaks to us it is answered in; who has said nothing is offered what it claims to know. */
  get #protocols(): string[] {
    const best = PROTOCOLS.indexOf(this.heard ?? this.offered ?? '')
    return PROTOCOLS.slice(Math.max(0, best))
  }

  /** The peer agreed to the protocol of our stream to it. */
  agree({ protocol }: Stream): void {
    this.#agreed = protocol
    this.learn()
  }

  /** Reports the abilities of the peer when they are not those that were reported last. */
  learn(): void {
    const { abilities } = this
    if (!this.isUp || this.#abilities?.presences === abilities.presences) return
    this.#abilities = abilities
    this.#onAbilities(this, abilities)
  }

  /** Whether there is a message to handle before anything more is needed. */
  get isBusy(): boolean {
    return this.#inHand > 0
  }

  /** Has `task` handle a message after all that came before it. */
  async handle(task: () => Promise<void>): Promise<void> {
    this.#inHand++
    try {
      await this.#handling.run(task)
    } finally {
      this.#inHand--
    }
  }

  get unreadBytes(): number {
    let bytes = 0
    for (const reader of this.inbound) bytes += reader.bufferedBytes
    return bytes
  }

  /** Gives up the streams of a peer that keeps us holding more than others may. */
  dropStreams(): number {
    const { size } = this.inbound
    for (const reader of this.inbound) reader.abort(new Error('too much is unread'))
    this.inbound.clear()
    return size
  }

  /** Drops what has not been handled; what was sent still goes out. */
  async close(): Promise<void> {
    this.isUp = false
    for (const reader of this.inbound) reader.abort(new Error('no longer read'))
    await this.writer.close()
  }
}

/** Our messages in the form of the protocol that a stream speaks. */
function formOf(message: Uint8Array, { protocol }: Stream): Uint8Array | undefined {
  if (protocol === WITH_PRESENCES) return message
  const older = downgradeMessage(message, { hasPrefixes: protocol === WITH_PREFIXES })
  return older.length > 0 ? older : undefined
}

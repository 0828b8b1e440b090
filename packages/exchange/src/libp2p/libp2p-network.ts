// The `Network` seam over libp2p: bitswap protocols, one outbound stream a peer, any number of inbound ones. Only
// this folder of the exchange knows libp2p, and by its types alone.
// Source: bitswap-protocol.md, "Wire".
import { CairnError, isCairnError } from '@cairn/core'
import type { AbortOptions, Clock, Logger, Network, NetworkHandler, PeerId } from '@cairn/core'
import type { Connection, IdentifyResult, Libp2p, PeerId as Libp2pPeerId, Stream } from '@libp2p/interface'
import { Brakes } from './brakes.ts'
import { Link, PROTOCOLS } from './link.ts'
import { MessageReader } from './message-reader.ts'
import { BRAKE_BYTES, INBOUND_STREAMS_MAX, STREAM_OPEN_TIMEOUT_MS, UNREAD_LOOK_MS } from './limits.ts'
import { toDrop } from './unread.ts'
import { MESSAGE_BYTES_MAX } from '../limits.ts'
import { Offenders } from '../guard/offenders.ts'
import { BadInput, Refusals } from '../guard/refusals.ts'
import { systemClock } from '../system-clock.ts'

/** What of libp2p the network uses: a started node that runs identify. */
export type Libp2pNode = Pick<
  Libp2p,
  'peerId' | 'peerStore' | 'getConnections' | 'handle' | 'unhandle' | 'addEventListener' | 'removeEventListener'
>

/** What a network may be given. */
export interface Libp2pNetworkOptions {
  /** Where bad input is counted; nowhere else by default. */
  readonly refusals?: Refusals
  /** By which peers wait for their turns. */
  readonly clock?: Clock
  /** Where it tells of peers that broke the protocol; nowhere by default. */
  readonly logger?: Logger | undefined
  /** Who is refused for a time; whoever guards the door may ask it too. */
  readonly offenders?: Offenders
}

/** A {@link Network} over libp2p. */
export interface Libp2pNetwork extends Network {
  stat(): Libp2pNetworkStat
}

/** Numbers of the moment, and counts since the network was opened. */
export interface Libp2pNetworkStat {
  /** Peers that speak bitswap and are connected. */
  readonly peers: number
  /** Inbound streams open. */
  readonly inboundStreams: number
  /** Bytes that have arrived and are not handled, with what libp2p holds. */
  readonly bufferedBytes: number
  /** Inbound streams dropped for a length out of bounds, an end within a message, or a message that the handler refused. */
  readonly droppedStreams: number
}

/**
 * Speaks bitswap on `libp2p`, which stays the caller's to stop, after this network. A peer counts as connected when
 * identify says that it knows a bitswap protocol, or when it opens a bitswap stream, whichever comes first.
 */
export async function openLibp2pNetwork(
  libp2p: Libp2pNode,
  options: Libp2pNetworkOptions = {},
): Promise<Libp2pNetwork> {
  const network = new BitswapNetwork(libp2p, options)
  await network.open()
  return network
}

class BitswapNetwork implements Libp2pNetwork {
  readonly self: PeerId
  readonly #libp2p: Libp2pNode
  readonly #links = new Map<PeerId, Link>()
  /** Inbound messages wait for the handler, so that none is lost between opening and attaching. */
  readonly #attached = Promise.withResolvers<NetworkHandler>()
  readonly #offenders: Offenders
  readonly #brakes: Brakes
  readonly #refusals: Refusals
  readonly #logger: Logger | undefined
  #handler: NetworkHandler | undefined
  #droppedStreams = 0
  #isClosed = false
  #looking: NodeJS.Timeout | undefined

  constructor(libp2p: Libp2pNode, options: Libp2pNetworkOptions) {
    const { refusals = new Refusals(), clock = systemClock, offenders = new Offenders(clock), logger } = options
    this.#libp2p = libp2p
    this.#logger = logger
    this.#refusals = refusals
    this.#offenders = offenders
    this.#brakes = new Brakes(clock, {
      isExempt: (peer) => this.#links.get(peer)?.room.isTrusted === true || this.#expectedBytes(peer) > 0,
      isFull: (peer) => {
        const link = this.#links.get(peer)
        return link !== undefined && link.isBusy && link.unreadBytes > BRAKE_BYTES
      },
    })
    this.self = libp2p.peerId.toString()
  }

  async open(): Promise<void> {
    this.#looking = setInterval(() => this.#boundUnread(), UNREAD_LOOK_MS)
    this.#looking.unref()
    this.#libp2p.addEventListener('connection:open', this.#onOpen)
    this.#libp2p.addEventListener('connection:close', this.#onClose)
    for (const connection of this.#libp2p.getConnections()) this.#brakes.meet(connection)
    this.#libp2p.addEventListener('peer:identify', this.#onIdentify)
    this.#libp2p.addEventListener('peer:disconnect', this.#onDisconnect)
    await this.#libp2p.handle(PROTOCOLS, (stream, connection) => this.#accept(stream, connection), {
      maxInboundStreams: INBOUND_STREAMS_MAX,
    })
    // Those who were identified before we listened; identify of the others is still to come.
    for (const { remotePeer } of this.#libp2p.getConnections()) {
      if (!(await this.#libp2p.peerStore.has(remotePeer))) continue
      const { protocols } = await this.#libp2p.peerStore.get(remotePeer)
      // Who went meanwhile has been reported as gone already.
      const isConnected = this.#libp2p.getConnections(remotePeer).length > 0
      if (isConnected) this.#offer(remotePeer, protocols)
    }
  }

  attach(handler: NetworkHandler): void {
    if (this.#handler !== undefined) throw new TypeError('The network has a handler already')
    this.#handler = handler
    for (const { peer, abilities } of this.#links.values()) handler.connected(peer, abilities)
    this.#attached.resolve(handler)
  }

  async send(peer: PeerId, message: Uint8Array, options: AbortOptions = {}): Promise<void> {
    if (message.length > MESSAGE_BYTES_MAX) {
      throw new TypeError(`A message may have ${MESSAGE_BYTES_MAX} bytes, not ${message.length}`)
    }
    options.signal?.throwIfAborted()
    const link = this.#links.get(peer)
    if (this.#isClosed || link === undefined) throw new CairnError('UNAVAILABLE', `Not connected to ${peer}`)
    this.#brakes.sent(peer, message.length)
    // It may be asked for something, and then it is read.
    this.#brakes.ease(peer)
    await link.writer.send(message, options)
  }

  reset(peer: PeerId, reason: string): void {
    const link = this.#links.get(peer)
    if (link !== undefined) this.#disconnect(link.id, reason)
  }

  trust(peer: PeerId): void {
    this.#links.get(peer)?.room.trust()
    this.#brakes.ease(peer)
  }

  stat(): Libp2pNetworkStat {
    const readers = [...this.#links.values()].flatMap((link) => [...link.inbound])
    return {
      peers: this.#links.size,
      inboundStreams: readers.length,
      bufferedBytes: readers.reduce((sum, reader) => sum + reader.bufferedBytes, 0),
      droppedStreams: this.#droppedStreams,
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#looking)
    this.#libp2p.removeEventListener('connection:open', this.#onOpen)
    this.#libp2p.removeEventListener('connection:close', this.#onClose)
    this.#brakes.close()
    this.#libp2p.removeEventListener('peer:identify', this.#onIdentify)
    this.#libp2p.removeEventListener('peer:disconnect', this.#onDisconnect)
    await this.#libp2p.unhandle(PROTOCOLS)
    const links = [...this.#links.values()]
    this.#links.clear()
    await Promise.all(links.map((link) => link.close()))
  }

  #expectedBytes(peer: PeerId): number {
    return this.#handler?.expectedBytes?.(peer) ?? 0
  }

  #boundUnread(): void {
    for (const { link, bytes } of toDrop(this.#links.values(), (peer) => this.#expectedBytes(peer))) {
      const streams = link.dropStreams()
      this.#droppedStreams += streams
      this.#refusals.count('stream-unread', streams)
      this.#logger?.info('streams dropped: too much is unread', { peer: link.peer, streams, bytes })
    }
  }

  readonly #onOpen = ({ detail: connection }: CustomEvent<Connection>): void => {
    this.#brakes.meet(connection)
    if (connection.direction === 'outbound') void this.#greet(connection)
  }

  /** Opens our stream to a peer that we have called: to wait for identify first would take two round trips more. */
  async #greet(connection: Connection): Promise<void> {
    try {
      const stream = await connection.newStream(PROTOCOLS, { signal: AbortSignal.timeout(STREAM_OPEN_TIMEOUT_MS) })
      if (this.#isClosed || connection.status !== 'open' || this.#refuses(connection.remotePeer)) {
        stream.abort(new Error('bitswap is closed'))
        return
      }
      const link = this.#linkTo(connection.remotePeer, { offered: stream.protocol })
      await link.writer.adopt(stream)
      link.agree(stream)
    } catch {
      // It speaks no bitswap, or is gone: identify or the disconnect tells.
    }
  }
  readonly #onClose = ({ detail }: CustomEvent<Connection>): void => this.#brakes.forget(detail)

  readonly #onIdentify = ({ detail }: CustomEvent<IdentifyResult>): void => {
    // Identify may finish after the connection has gone, and then no disconnect would follow.
    const isConnected = this.#libp2p.getConnections(detail.peerId).length > 0
    if (isConnected) this.#offer(detail.peerId, detail.protocols)
  }

  /** Takes note of what a peer says that it speaks, which may be no bitswap at all. */
  #offer(id: Libp2pPeerId, protocols: readonly string[]): void {
    const offered = PROTOCOLS.find((protocol) => protocols.includes(protocol))
    if (offered === undefined || this.#refuses(id)) return
    const heard = this.#links.get(id.toString())?.heard
    const link = this.#linkTo(id, { offered, heard: protocols.includes(heard ?? '') ? heard : undefined })
    link.writer.prepare()
  }

  readonly #onDisconnect = ({ detail: id }: CustomEvent<Libp2pPeerId>): void => {
    const link = this.#links.get(id.toString())
    if (link === undefined) return
    this.#links.delete(link.peer)
    void link.close()
    this.#handler?.disconnected(link.peer)
  }

  #linkTo(id: Libp2pPeerId, news: Partial<Pick<Link, 'offered' | 'heard'>>): Link {
    const known = this.#links.get(id.toString())
    const link = known ?? new Link(this.#libp2p, id, ({ peer }, abilities) => this.#handler?.connected(peer, abilities))
    this.#links.set(link.peer, link)
    Object.assign(link, news)
    link.learn()
    return link
  }

  /** Takes over an inbound stream and returns at once; libp2p waits for nothing. */
  #accept(stream: Stream, connection: Connection): void {
    if (this.#isClosed || connection.status !== 'open') {
      stream.abort(new Error('bitswap is closed'))
      return
    }
    if (this.#refuses(connection.remotePeer)) return
    const link = this.#linkTo(connection.remotePeer, { heard: stream.protocol })
    link.writer.prepare()
    const reader = new MessageReader(stream, link.room)
    link.inbound.add(reader)
    void this.#readAll(link, reader, stream).finally(() => link.inbound.delete(reader))
  }

  async #readAll(link: Link, reader: MessageReader, stream: Stream): Promise<void> {
    try {
      for await (const message of reader) {
        await link.handle(() => this.#handle(link, message))
        this.#brakes.ease(link.peer)
      }
      await stream.close()
    } catch (cause) {
      // Whether the length was bad, the handler refused or the peer has gone: this stream is of no more use.
      const isBroken = stream.status === 'open' && link.isUp
      reader.abort(cause instanceof Error ? cause : new Error(String(cause)))
      if (isBroken) this.#broke(link, cause)
    }
  }

  /** A peer broke a stream; what the handler refused, it has counted. */
  #broke({ peer, id }: Link, cause: unknown): void {
    this.#droppedStreams++
    if (cause instanceof BadInput) this.#refusals.countError(cause)
    this.#logger?.info('stream dropped', { peer, why: cause instanceof Error ? cause.message : String(cause) })
    if (isCairnError(cause) && this.#offenders.add(peer)) this.#disconnect(id, 'broke the protocol again and again')
  }

  /** Whether the peer is one of those that are not talked to; then it is gone. */
  #refuses(id: Libp2pPeerId): boolean {
    if (!this.#offenders.isRefused(id.toString())) return false
    this.#refusals.count('peer-refused')
    this.#disconnect(id, 'refused for a while')
    return true
  }

  #disconnect(id: Libp2pPeerId, reason: string): void {
    this.#logger?.info('peer disconnected', { peer: id.toString(), why: reason })
    for (const connection of this.#libp2p.getConnections(id)) connection.abort(new Error(reason))
  }

  async #handle(link: Link, message: Uint8Array): Promise<void> {
    const handler = await this.#attached.promise
    if (link.isUp) await handler.message(link.peer, message)
  }
}

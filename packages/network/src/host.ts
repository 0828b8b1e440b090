// The libp2p host of a node. It does what it is asked and no more: no bootstrap, no relay, no dial that nobody requested, and
// discovery on the LAN only when it is told to.
import { CairnError, type AbortOptions, type Logger, type PeerId } from '@cairn/core'
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Connection, Libp2p, PeerId as Libp2pPeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { readAddress, readPeerAddress } from './address.ts'
import { meetDiscovered } from './discovery.ts'
import { Gate, type GateRules } from './gate.ts'
import { dialError, listenError, reasonOf } from './host-error.ts'
import { DIAL_TIMEOUT_MS, PEERING_TAG, PING_TIMEOUT_MS } from './limits.ts'
import { isLocalAddress } from './local-address.ts'
import { createStack, type HostInit, type HostServices, type HostSettings } from './stack.ts'

/** One open connection. */
export interface HostPeer {
  readonly peer: PeerId
  /** The other end as a multiaddr with `/p2p/…`; of an inbound connection the port is that of the connection alone. */
  readonly address: string
  readonly direction: 'in' | 'out'
  /** What the peer said it speaks; empty until it has said so. */
  readonly protocols: readonly string[]
  /** The last measured round trip in milliseconds, `undefined` before the first. */
  readonly latencyMs: number | undefined
  readonly muxer: string | undefined
  /** Protocols of the streams that are open, `undefined` while one is being agreed on. */
  readonly streams: readonly (string | undefined)[]
  /** What the peer said it is, and its addresses as far as they are known; empty until it has said so. */
  readonly agentVersion: string
  readonly addresses: readonly string[]
  /** base64 of its public key as libp2p PublicKey protobuf, where the peer id or the handshake tells it. */
  readonly publicKey: string | undefined
}

/** Told of peers that come and go, however many connections each of them has. */
export interface PeerWatcher {
  connected?(peer: PeerId): void
  disconnected?(peer: PeerId): void
}

/**
 * Starts a host that listens and dials as told.
 *
 * @throws INVALID for an address that does not parse or is not TCP, CONFLICT when a port is taken, DENIED when the
 * system forbids it, UNAVAILABLE when listening fails for another reason; nothing is left running
 */
export async function openHost(init: HostInit, settings: HostSettings = {}): Promise<Host> {
  const gate = new Gate(init.refuse, init)
  const libp2p = await createStack(init, settings, gate)
  const meeting = init.discover === true ? meetDiscovered(libp2p) : undefined
  try {
    await libp2p.start()
  } catch (cause) {
    throw listenError(init.listen, cause)
  }
  const host = new Host({ libp2p, gate, endMeeting: meeting }, settings.dialTimeoutMs ?? DIAL_TIMEOUT_MS)
  if (init.logger !== undefined) logPeers(host, init.logger)
  return host
}

/** Tells `logger` where `host` listens, and who comes and goes while it runs. */
function logPeers(host: Host, logger: Logger): void {
  for (const address of host.addresses()) logger.info('listening', { address })
  host.watch({
    connected: (peer) => logger.debug('peer connected', { peer }),
    disconnected: (peer) => logger.debug('peer disconnected', { peer }),
  })
}

/** What a host owns. */
interface HostParts {
  readonly libp2p: Libp2p<HostServices>
  readonly gate: Gate
  readonly endMeeting: (() => void) | undefined
}

/** A running host; see {@link openHost}. After `close` every method rejects with UNAVAILABLE. */
export class Host implements AsyncDisposable {
  /** What the exchange's adapter is given by the composition root; nothing else should need it. */
  readonly libp2p: Libp2p<HostServices>
  readonly peerId: PeerId
  readonly #dialTimeoutMs: number
  readonly #gate: Gate
  readonly #endMeeting: (() => void) | undefined

  constructor({ libp2p, gate, endMeeting }: HostParts, dialTimeoutMs: number) {
    this.libp2p = libp2p
    this.#gate = gate
    this.#endMeeting = endMeeting
    this.peerId = libp2p.peerId.toString()
    this.#dialTimeoutMs = dialTimeoutMs
  }

  /** Where others reach this host, as multiaddrs with `/p2p/…`. */
  addresses(): string[] {
    return this.libp2p.getMultiaddrs().map((address) => address.toString())
  }

  /**
   * Connects to the peer at a multiaddr, or finds it connected, and gives its id. An address without `/p2p/…` takes
   * whoever answers.
   *
   * @throws INVALID when the address does not parse, has no transport that we have or is our own, DENIED when another peer
   * than the named one answers or the host refuses it, UNAVAILABLE when nobody answers in time
   */
  async connect(address: string, { signal }: AbortOptions = {}): Promise<PeerId> {
    return this.#dial(readAddress(address), address, signal)
  }

  /**
   * Connects to a peer at whichever of `addresses` answers first, or where it is known to be, or finds it connected.
   *
   * @throws as `connect`
   */
  async connectPeer(peer: PeerId, addresses: readonly string[], { signal }: AbortOptions = {}): Promise<void> {
    const id = readPeerId(peer)
    const known = addresses.map((address) => readPeerAddress(address, peer))
    await this.#dial(known.length > 0 ? known : id, peer, signal)
  }

  /** How many connections are open, by who began them. */
  connections(): Readonly<Record<'in' | 'out', number>> {
    const all = this.libp2p.getConnections()
    const inbound = all.filter(({ direction }) => direction === 'inbound').length
    return { in: inbound, out: all.length - inbound }
  }

  /** Whether a peer has a connection. */
  isConnected(peer: PeerId): boolean {
    return this.libp2p.getConnections(readPeerId(peer)).length > 0
  }

  /** Whether all connections of a peer are from this machine or from a private network. */
  isLocal(peer: PeerId): boolean {
    const connections = this.libp2p.getConnections(readPeerId(peer))
    return connections.length > 0 && connections.every(({ remoteAddr }) => isLocalAddress(remoteAddr))
  }

  /** Lets the connections of a peer be when there are too many, or no longer. */
  async spare(peer: PeerId, isSpared: boolean): Promise<void> {
    await this.libp2p.peerStore.merge(readPeerId(peer), {
      tags: { 'cairn-peering': isSpared ? { value: PEERING_TAG } : undefined },
    })
  }

  /** Tells `watcher` of peers that come and go from now on, until the function that it gives is called. */
  watch(watcher: PeerWatcher): () => void {
    const come = ({ detail }: CustomEvent<Libp2pPeerId>): void => watcher.connected?.(detail.toString())
    const go = ({ detail }: CustomEvent<Libp2pPeerId>): void => watcher.disconnected?.(detail.toString())
    this.libp2p.addEventListener('peer:connect', come)
    this.libp2p.addEventListener('peer:disconnect', go)
    return () => {
      this.libp2p.removeEventListener('peer:connect', come)
      this.libp2p.removeEventListener('peer:disconnect', go)
    }
  }

  /** Replaces what is refused, and ends connections that it refuses. @throws INVALID as `Gate`; nothing changes then */
  setRefused(rules: GateRules): void {
    this.#gate.setRules(rules)
    for (const connection of this.libp2p.getConnections()) {
      const { remotePeer, remoteAddr } = connection
      const isRefused = this.#gate.refusesPeer(remotePeer.toString()) || this.#gate.refusesAddress(remoteAddr)
      if (isRefused) connection.abort(new Error('refused from now on'))
    }
  }

  /** All open connections, in no particular order; a peer may have several. */
  async peers(): Promise<HostPeer[]> {
    this.#checkOpen()
    return Promise.all(this.libp2p.getConnections().map((connection) => this.#describe(connection)))
  }

  /**
   * Closes all connections to a peer.
   *
   * @throws INVALID when `peer` is no peer id, NOT_FOUND when it is not connected
   */
  async disconnect(peer: PeerId): Promise<void> {
    await this.libp2p.hangUp(this.#connectedPeer(peer))
  }

  /**
   * Measures the round trip to a connected peer, in milliseconds.
   *
   * @throws INVALID when `peer` is no peer id, NOT_FOUND when it is not connected, UNAVAILABLE when it does not answer
   */
  async ping(peer: PeerId, { signal }: AbortOptions = {}): Promise<number> {
    const target = this.#connectedPeer(peer)
    try {
      const ms = await this.libp2p.services.ping.ping(target, { signal: withTimeout(PING_TIMEOUT_MS, signal) })
      for (const connection of this.libp2p.getConnections(target)) connection.rtt = ms
      return ms
    } catch (cause) {
      signal?.throwIfAborted()
      throw new CairnError('UNAVAILABLE', `Cannot ping ${peer}: ${reasonOf(cause)}`, { cause })
    }
  }

  /**
   * Ends all connections and listeners; calling it again does nothing. A host that listened leaves one timer of libp2p
   * behind, which lets the process end a second later.
   */
  async close(): Promise<void> {
    this.#endMeeting?.()
    await this.libp2p.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #describe(connection: Connection): Promise<HostPeer> {
    const { remotePeer, remoteAddr, streams, direction, rtt, multiplexer } = connection
    const isKnown = await this.libp2p.peerStore.has(remotePeer)
    const known = isKnown ? await this.libp2p.peerStore.get(remotePeer) : undefined
    const agent = known?.metadata.get('AgentVersion')
    const { publicKey } = remotePeer
    return {
      peer: remotePeer.toString(),
      address: remoteAddr.toString(),
      direction: direction === 'inbound' ? 'in' : 'out',
      protocols: known?.protocols ?? [],
      latencyMs: rtt,
      muxer: multiplexer,
      streams: streams.map(({ protocol }) => protocol),
      agentVersion: agent === undefined ? '' : Buffer.from(agent).toString(),
      addresses: known?.addresses.map(({ multiaddr }) => multiaddr.toString()) ?? [],
      publicKey: publicKey && Buffer.from(publicKeyToProtobuf(publicKey)).toString('base64'),
    }
  }

  async #dial(target: Parameters<Libp2p['dial']>[0], name: string, signal: AbortSignal | undefined): Promise<PeerId> {
    this.#checkOpen()
    try {
      const connection = await this.libp2p.dial(target, { signal: withTimeout(this.#dialTimeoutMs, signal) })
      return connection.remotePeer.toString()
    } catch (cause) {
      signal?.throwIfAborted()
      throw dialError(name, cause)
    }
  }

  #connectedPeer(peer: PeerId): Libp2pPeerId {
    this.#checkOpen()
    const id = readPeerId(peer)
    if (this.libp2p.getConnections(id).length === 0) throw new CairnError('NOT_FOUND', `Not connected to ${peer}`)
    return id
  }

  #checkOpen(): void {
    if (this.libp2p.status !== 'started') throw new CairnError('UNAVAILABLE', 'The network host is closed')
  }
}

function withTimeout(timeoutMs: number, signal: AbortSignal | undefined): AbortSignal {
  const timeout = AbortSignal.timeout(timeoutMs)
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout])
}

function readPeerId(peer: PeerId): Libp2pPeerId {
  try {
    return peerIdFromString(peer)
  } catch (cause) {
    throw new CairnError('INVALID', `Cannot read "${peer}" as a peer id: ${reasonOf(cause)}`, { cause })
  }
}

// The libp2p host of a node: TCP, TLS before Noise, yamux, identify and ping. It does what it is asked and no more:
// no discovery, no bootstrap, no relay, no dial that nobody requested.
import { createRequire } from 'node:module'
import { CairnError, type AbortOptions, type PeerId } from '@cairn/core'
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { identify, identifyPush, type Identify, type IdentifyPush } from '@libp2p/identify'
import type { Connection, Libp2p, PeerId as Libp2pPeerId } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { peerIdFromString } from '@libp2p/peer-id'
import { ping, type Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { readAddress, readListenAddress } from './address.ts'
import { dialError, listenError, reasonOf } from './host-error.ts'
import type { Identity } from './identity.ts'
import {
  CONNECTIONS_MAX,
  DIAL_TIMEOUT_MS,
  EARLY_STREAMS_MAX,
  INBOUND_PER_SECOND_MAX,
  LIVENESS_INTERVAL_MS,
  LIVENESS_TIMEOUT_MS,
  PENDING_INBOUND_MAX,
  PING_TIMEOUT_MS,
  PROTOCOL_PUSH_DELAY_MS,
  READ_BUFFER_BYTES_MAX,
  STREAM_WINDOW_BYTES_MAX,
  STREAMS_PER_CONNECTION_MAX,
} from './limits.ts'

/** What a host needs. */
export interface HostInit {
  readonly identity: Identity
  /** Multiaddrs to listen on, such as `/ip4/0.0.0.0/tcp/4001`; port 0 takes any. None makes a host that only dials. */
  readonly listen: readonly string[]
}

/** Bounds of a host that a config may set; the defaults are in `limits.ts`. */
export interface HostSettings {
  readonly connectionsMax?: number | undefined
  readonly dialTimeoutMs?: number | undefined
}

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
}

/** The libp2p services that each host runs. */
export type HostServices = { identify: Identify; identifyPush: IdentifyPush; ping: Ping }

/**
 * Starts a host that listens and dials as told.
 *
 * @throws INVALID for an address that does not parse or is not TCP, CONFLICT when a port is taken, DENIED when the
 * system forbids it, UNAVAILABLE when listening fails for another reason; nothing is left running
 */
export async function openHost({ identity, listen }: HostInit, settings: HostSettings = {}): Promise<Host> {
  const { connectionsMax = CONNECTIONS_MAX, dialTimeoutMs = DIAL_TIMEOUT_MS } = settings
  const addresses = listen.map((text) => readListenAddress(text).toString())
  const libp2p = await createLibp2p<HostServices>({
    start: false,
    privateKey: privateKeyFromProtobuf(Buffer.from(identity.privateKey, 'base64')),
    nodeInfo: { name: 'cairn', version: VERSION, userAgent: `cairn/${VERSION}` },
    addresses: { listen: addresses },
    transports: [tcp()],
    connectionEncrypters: [tls(), noise()],
    streamMuxers: [
      yamux({
        maxInboundStreams: STREAMS_PER_CONNECTION_MAX,
        maxOutboundStreams: STREAMS_PER_CONNECTION_MAX,
        maxEarlyStreams: EARLY_STREAMS_MAX,
        streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES_MAX, maxReadBufferLength: READ_BUFFER_BYTES_MAX },
      }),
    ],
    connectionManager: {
      maxConnections: connectionsMax,
      maxIncomingPendingConnections: PENDING_INBOUND_MAX,
      inboundConnectionThreshold: INBOUND_PER_SECOND_MAX,
      dialTimeout: dialTimeoutMs,
      addressDialTimeout: dialTimeoutMs,
    },
    connectionMonitor: {
      pingInterval: LIVENESS_INTERVAL_MS,
      pingTimeout: { minTimeout: LIVENESS_TIMEOUT_MS, maxTimeout: LIVENESS_TIMEOUT_MS },
    },
    // The push tells peers that came early about protocols that are registered after the host has opened.
    services: { identify: identify(), identifyPush: identifyPush({ debounce: PROTOCOL_PUSH_DELAY_MS }), ping: ping() },
  })
  try {
    await libp2p.start()
  } catch (cause) {
    throw listenError(addresses, cause)
  }
  return new Host(libp2p, dialTimeoutMs)
}

/** A running host; see {@link openHost}. After `close` every method rejects with UNAVAILABLE. */
export class Host implements AsyncDisposable {
  /** What the exchange's adapter is given by the composition root; nothing else should need it. */
  readonly libp2p: Libp2p<HostServices>
  readonly peerId: PeerId
  readonly #dialTimeoutMs: number

  constructor(libp2p: Libp2p<HostServices>, dialTimeoutMs: number) {
    this.libp2p = libp2p
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
   * @throws INVALID when the address does not parse, has no TCP transport or is our own, DENIED when another peer than
   * the named one answers, UNAVAILABLE when nobody does in time
   */
  async connect(address: string, { signal }: AbortOptions = {}): Promise<PeerId> {
    this.#checkOpen()
    const target = readAddress(address)
    try {
      const connection = await this.libp2p.dial(target, { signal: withTimeout(this.#dialTimeoutMs, signal) })
      return connection.remotePeer.toString()
    } catch (cause) {
      signal?.throwIfAborted()
      throw dialError(address, cause)
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
      return await this.libp2p.services.ping.ping(target, { signal: withTimeout(PING_TIMEOUT_MS, signal) })
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
    await this.libp2p.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #describe(connection: Connection): Promise<HostPeer> {
    const known = await this.libp2p.peerStore.has(connection.remotePeer)
    return {
      peer: connection.remotePeer.toString(),
      address: connection.remoteAddr.toString(),
      direction: connection.direction === 'inbound' ? 'in' : 'out',
      protocols: known ? (await this.libp2p.peerStore.get(connection.remotePeer)).protocols : [],
      latencyMs: connection.rtt,
    }
  }

  #connectedPeer(peer: PeerId): Libp2pPeerId {
    this.#checkOpen()
    let id: Libp2pPeerId
    try {
      id = peerIdFromString(peer)
    } catch (cause) {
      throw new CairnError('INVALID', `Cannot read "${peer}" as a peer id: ${reasonOf(cause)}`, { cause })
    }
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

const VERSION = readVersion()

function readVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('../package.json')
  const hasVersion = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return hasVersion ? String(manifest.version) : 'unknown'
}

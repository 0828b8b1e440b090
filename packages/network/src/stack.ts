// What a host is made of: TCP and WebSocket, TLS before Noise, yamux, identify and ping of js-libp2p, with every bound set.
import { createRequire } from 'node:module'
import type { Logger } from '@cairn/core'
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { identify, identifyPush, type Identify, type IdentifyPush } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping, type Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import { readListenAddress } from './address.ts'
import type { Doorkeeper, Gate, GateRules } from './gate.ts'
import type { Identity } from './identity/identity.ts'
import {
  CONNECTIONS_MAX,
  DIAL_TIMEOUT_MS,
  EARLY_STREAMS_MAX,
  INBOUND_PER_SECOND_MAX,
  LIVENESS_INTERVAL_MS,
  LIVENESS_TIMEOUT_MS,
  PENDING_INBOUND_MAX,
  PROTOCOL_PUSH_DELAY_MS,
  READ_BUFFER_BYTES_MAX,
  SOCKET_UNSENT_BYTES_MAX,
  STREAM_WINDOW_BYTES_MAX,
  STREAMS_PER_CONNECTION_MAX,
} from './limits.ts'
import { writeSwarmKey } from './swarm-key.ts'

/** What a host needs. */
export interface HostInit {
  readonly identity: Identity
  /**
   * Multiaddrs to listen on, such as `/ip4/0.0.0.0/tcp/4001` or `/ip4/0.0.0.0/tcp/4002/ws`; port 0 takes any. None makes a
   * host that only dials.
   */
  readonly listen: readonly string[]
  /** Key of a private network, 32 bytes; with it only peers that have it too are understood. */
  readonly swarmKey?: Uint8Array | undefined
  /** Peers and addresses that are refused. */
  readonly refuse?: GateRules | undefined
  /** Who else may refuse what comes in. */
  readonly doorkeeper?: Doorkeeper | undefined
  /** Announces itself on the LAN by mDNS and meets who does the same; false by default. */
  readonly discover?: boolean | undefined
  /** Follows `cairn/VERSION` in what peers are told of this program. */
  readonly agentSuffix?: string | undefined
  /** Where it tells who comes, goes and is refused; nowhere by default. */
  readonly logger?: Logger | undefined
}

/** Bounds of a host that a config may set; the defaults are in `limits.ts`. */
export interface HostSettings {
  readonly connectionsMax?: number | undefined
  readonly dialTimeoutMs?: number | undefined
}

/** The libp2p services that each host runs. */
export type HostServices = { identify: Identify; identifyPush: IdentifyPush; ping: Ping }

/** A host that has not started. What few need is loaded only when it is needed. @throws INVALID as `readListenAddress` */
export async function createStack(init: HostInit, settings: HostSettings, gate: Gate): Promise<Libp2p<HostServices>> {
  const { identity, listen, swarmKey, discover = false, agentSuffix = '' } = init
  return createLibp2p<HostServices>({
    start: false,
    privateKey: privateKeyFromProtobuf(Buffer.from(identity.privateKey, 'base64')),
    nodeInfo: { name: 'cairn', version: VERSION, userAgent: `cairn/${VERSION}${agentSuffix}` },
    addresses: { listen: listen.map((text) => readListenAddress(text).toString()) },
    transports: await transports(),
    ...(swarmKey && { connectionProtector: await protector(swarmKey) }),
    ...(discover && { peerDiscovery: [await lanDiscovery()] }),
    connectionEncrypters: [tls(), noise()],
    connectionGater: gate.gater,
    streamMuxers: [
      yamux({
        maxInboundStreams: STREAMS_PER_CONNECTION_MAX,
        maxOutboundStreams: STREAMS_PER_CONNECTION_MAX,
        maxEarlyStreams: EARLY_STREAMS_MAX,
        streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES_MAX, maxReadBufferLength: READ_BUFFER_BYTES_MAX },
      }),
    ],
    connectionManager: connectionBounds(settings),
    connectionMonitor: {
      pingInterval: LIVENESS_INTERVAL_MS,
      pingTimeout: { minTimeout: LIVENESS_TIMEOUT_MS, maxTimeout: LIVENESS_TIMEOUT_MS },
    },
    // The push tells peers that came early about protocols that are registered after the host has opened.
    services: { identify: identify(), identifyPush: identifyPush({ debounce: PROTOCOL_PUSH_DELAY_MS }), ping: ping() },
  })
}

type Part<Name extends keyof Libp2pOptions> = NonNullable<Libp2pOptions[Name]>

function connectionBounds(settings: HostSettings): Part<'connectionManager'> {
  const { connectionsMax = CONNECTIONS_MAX, dialTimeoutMs = DIAL_TIMEOUT_MS } = settings
  return {
    maxConnections: connectionsMax,
    maxIncomingPendingConnections: PENDING_INBOUND_MAX,
    inboundConnectionThreshold: INBOUND_PER_SECOND_MAX,
    dialTimeout: dialTimeoutMs,
    addressDialTimeout: dialTimeoutMs,
  }
}

async function transports(): Promise<Part<'transports'>> {
  const { webSockets } = await import('@libp2p/websockets')
  return [tcp(), webSockets({ maxBufferedAmount: SOCKET_UNSENT_BYTES_MAX })]
}

async function protector(swarmKey: Uint8Array): Promise<Part<'connectionProtector'>> {
  const { preSharedKey } = await import('@libp2p/pnet')
  return preSharedKey({ psk: Buffer.from(writeSwarmKey(swarmKey).trimEnd()) })
}

async function lanDiscovery(): Promise<Part<'peerDiscovery'>[number]> {
  const { mdns } = await import('@libp2p/mdns')
  return mdns()
}

const VERSION = readVersion()

function readVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('../package.json')
  const hasVersion = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return hasVersion ? String(manifest.version) : 'unknown'
}

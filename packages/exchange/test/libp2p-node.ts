// Nodes on loopback for the tests of the libp2p network: ours, with the stream bounds of a Cairn host, and plain ones,
// js-libp2p with its defaults, as another implementation. Every test file closes them with `closeAll`.
import { isCairnError, type NetworkHandler, type PeerAbilities, type PeerId } from '@cairn/core'
import { identify, identifyPush } from '@libp2p/identify'
import type { Connection, Libp2p, MultiaddrConnection, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import fc from 'fast-check'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import type { Offenders } from '../src/guard/offenders.ts'
import { openLibp2pNetwork, type Libp2pNetwork } from '../src/libp2p/libp2p-network.ts'

export type Encrypters = NonNullable<Libp2pOptions['connectionEncrypters']>

export const PROTOCOL = '/ipfs/bitswap/1.2.0'
export const MIB = 1024 * 1024

const LOOPBACK = '/ip4/127.0.0.1/tcp/0'
const opened: (() => Promise<unknown>)[] = []

/** Closes all that was opened, the last first. */
export async function closeAll(): Promise<void> {
  for (const close of opened.splice(0).toReversed()) await close()
}

/** Has `close` called by {@link closeAll}. */
export function closeLater(close: () => Promise<unknown>): void {
  opened.push(close)
}

/** Records what is reported; a message stays in hand until `gate` is resolved. */
export class Recorder implements NetworkHandler {
  readonly events: string[] = []
  readonly messages: Uint8Array[] = []
  /** Whether peers know presences, one for each time that this was said. */
  readonly presences: boolean[] = []
  gate: Promise<unknown> = Promise.resolve()
  isRefusing = false

  connected(peer: PeerId, { presences }: PeerAbilities): void {
    this.presences.push(presences)
    this.events.push(`+${peer}`)
  }

  disconnected(peer: PeerId): void {
    this.events.push(`-${peer}`)
  }

  async message(_peer: PeerId, message: Uint8Array): Promise<void> {
    if (this.isRefusing) throw new Error('refused')
    this.messages.push(message)
    await this.gate
  }
}

/** A libp2p node with our network on it. */
export interface Node {
  readonly id: PeerId
  readonly libp2p: Libp2p
  readonly network: Libp2pNetwork
  readonly seen: Recorder
}

export async function openNode(): Promise<Node> {
  const libp2p = await openLibp2p()
  const network = await openLibp2pNetwork(libp2p)
  closeLater(() => network.close())
  const seen = new Recorder()
  network.attach(seen)
  return { id: libp2p.peerId.toString(), libp2p, network, seen }
}

/** A node with the stream bounds of a Cairn host, without bitswap; its door is kept by `offenders` as that of a host. */
export async function openLibp2p(offenders?: Offenders): Promise<Libp2p> {
  const hostOf = ({ remoteAddr }: MultiaddrConnection): string => remoteAddr.getComponents()[0]?.value ?? ''
  return started({
    ...(offenders && {
      connectionGater: {
        denyInboundConnection: (connection) => !offenders.mayCome(hostOf(connection)),
        denyInboundEncryptedConnection: (peer, connection) => !offenders.mayStay(peer.toString(), hostOf(connection)),
      },
    }),
    addresses: { listen: [LOOPBACK] },
    transports: [tcp()],
    connectionEncrypters: [tls(), noise()],
    streamMuxers: [
      yamux({ maxEarlyStreams: 256, streamOptions: { maxStreamWindowSize: 4 * MIB, maxReadBufferLength: 8 * MIB } }),
    ],
    connectionManager: { inboundConnectionThreshold: 100 },
    services: { identify: identify(), identifyPush: identifyPush({ debounce: 50 }) },
  })
}

/** Another implementation, without bitswap. */
export async function openPlain(
  connectionEncrypters: Libp2pOptions['connectionEncrypters'] = [tls()],
): Promise<Libp2p> {
  return started({
    addresses: { listen: [LOOPBACK] },
    transports: [tcp()],
    connectionEncrypters,
    streamMuxers: [yamux()],
    // It stays, however long its pings wait: nobody gives up an attack for that.
    connectionMonitor: { enabled: false },
    services: { identify: identify() },
  })
}

/** A node that never says what it speaks. */
export async function openSilent(): Promise<Libp2p> {
  return started({
    addresses: { listen: [LOOPBACK] },
    transports: [tcp()],
    connectionEncrypters: [tls()],
    streamMuxers: [yamux()],
  })
}

async function started(options: Libp2pOptions): Promise<Libp2p> {
  const node = await createLibp2p(options)
  closeLater(async () => node.stop())
  return node
}

export async function dial(from: Libp2p, to: Libp2p): Promise<Connection> {
  return from.dial(to.getMultiaddrs())
}

export async function protocolsOf(node: Libp2p, peer: Libp2p): Promise<string[]> {
  return (await node.peerStore.has(peer.peerId)) ? (await node.peerStore.get(peer.peerId)).protocols : []
}

export function frame(message: Uint8Array, length = message.length): Uint8Array {
  const prefix: number[] = []
  let rest = length
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) prefix.push((rest % 128) | 0x80)
  return Buffer.concat([Uint8Array.of(...prefix, rest), message])
}

/** Sends as Helia does: one message on a stream of its own. */
export async function sendOnce(stream: Stream, message: Uint8Array): Promise<void> {
  stream.send(frame(message))
  await stream.close()
}

export async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => 'resolved',
    (reason: unknown) => reason,
  )
  return isCairnError(error) ? error.code : String(error)
}

/** Sizes spread evenly over the orders of magnitude up to 2 MiB, with both ends. */
export function sizes(count: number, seed: number): number[] {
  const exponent = fc.double({ min: 0, max: 1, noNaN: true })
  const drawn = fc.sample(exponent, { numRuns: count - 2, seed }).map((x) => Math.floor((2 * MIB) ** x) - 1)
  return [0, 2 * MIB, ...drawn]
}

export function lengthsOf(messages: readonly Uint8Array[]): number[] {
  return messages.map((message) => message.length)
}

// A peer that speaks an older bitswap alone, written by hand over libp2p: it keeps the bytes that it gets, and a test says
// what it sends. And a node of ours to meet it.
import { createBlock, DAG_PB_CODE, ProtobufReader, RAW_CODE, type Block } from '@cairn/core'
import type { Connection, Libp2p } from '@libp2p/interface'
import { openBitswap, openLibp2pNetwork, systemClock, type Bitswap } from '../src/index.ts'
import { closeLater, dial, frame, openLibp2p, openPlain } from './libp2p-node.ts'
import { MapStore } from './map-store.ts'

/** Fits every version: dag-pb under a CIDv0. */
export const NODE = createBlock(Uint8Array.of(10, 2, 8, 1), { codec: DAG_PB_CODE, cidVersion: 0 })
export const LEAF = createBlock(new TextEncoder().encode('hello'), { codec: RAW_CODE })
/** No version below 1.1.0 can say that it is no sha2-256. */
export const BLAKE = createBlock(new TextEncoder().encode('hello'), { codec: RAW_CODE, hash: 'blake2b-256' })
export const LATER = createBlock(new Uint8Array(2000).fill(7), { codec: RAW_CODE })

export class OlderPeer {
  readonly libp2p: Libp2p
  readonly connection: Connection
  readonly #protocol: string
  #inbound = Buffer.alloc(0)

  constructor(libp2p: Libp2p, connection: Connection, protocol: string) {
    this.libp2p = libp2p
    this.connection = connection
    this.#protocol = protocol
  }

  /** Speaks `protocol`, and has dialled `node`. */
  static async open(node: Libp2p, protocol: string): Promise<OlderPeer> {
    const libp2p = await openPlain()
    let peer: OlderPeer | undefined
    await libp2p.handle(protocol, (stream) => {
      stream.addEventListener('message', ({ data }) => peer?.take(data.subarray()))
    })
    peer = new OlderPeer(libp2p, await dial(libp2p, node), protocol)
    return peer
  }

  take(bytes: Uint8Array): void {
    this.#inbound = Buffer.concat([this.#inbound, bytes])
  }

  async send(message: Uint8Array): Promise<void> {
    const stream = await this.connection.newStream(this.#protocol)
    stream.send(frame(message))
    await stream.close()
  }

  /** Messages that have come whole. */
  get messages(): Uint8Array[] {
    const messages: Uint8Array[] = []
    for (let at = 0; at < this.#inbound.length;) {
      let [length, shift, byte] = [0, 0, 0x80]
      while (byte >= 0x80) {
        byte = this.#inbound[at++] ?? 0
        length += (byte & 0x7f) * 2 ** shift
        shift += 7
      }
      if (at + length > this.#inbound.length) break
      messages.push(this.#inbound.subarray(at, at + length))
      at += length
    }
    return messages
  }

  /** Number and bytes of all fields of all messages, as hex. */
  get fields(): string[] {
    return this.messages.flatMap((message) => {
      const reader = new ProtobufReader(message)
      const fields: string[] = []
      for (let field = reader.next(); field !== 0; field = reader.next()) {
        fields.push(`${field} ${field === 5 ? reader.int32() : Buffer.from(reader.bytes()).toString('hex')}`)
      }
      return fields
    })
  }
}

/** Bitswap over sockets, with a store of `blocks`. */
export async function openOurs(blocks: readonly Block[]): Promise<OurNode> {
  const libp2p = await openLibp2p()
  const network = await openLibp2pNetwork(libp2p)
  closeLater(() => network.close())
  const store = new MapStore()
  store.put(blocks)
  const bitswap = openBitswap({ network, store, clock: systemClock })
  closeLater(() => bitswap.close())
  return { libp2p, store, bitswap }
}

export interface OurNode {
  readonly libp2p: Libp2p
  readonly store: MapStore
  readonly bitswap: Bitswap
}

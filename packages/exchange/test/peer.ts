// Whole peers for tests: store, bitswap and their end of a virtual network; and peers that a test plays by hand.
import { createBlock, RAW_CODE, type Block, type PeerId } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { openBitswap, type Bitswap, type BitswapParts } from '../src/index.ts'
import { decodeMessage, encodeMessage, type Message, type MessageParts, type WantEntry } from '../src/message.ts'
import { MapStore } from './map-store.ts'
import { VirtualClock } from './virtual-clock.ts'
import { randomFrom, VirtualNetwork, type VirtualNode } from './virtual-network.ts'

export interface Peer {
  readonly id: PeerId
  readonly node: VirtualNode
  readonly store: MapStore
  readonly bitswap: Bitswap
  /** Stores the blocks and tells bitswap. */
  put(blocks: readonly Block[]): void
}

/** What a peer may be given. */
export type PeerParts = Pick<BitswapParts, 'limiter' | 'policy' | 'accounts'>

export interface World {
  readonly clock: VirtualClock
  readonly network: VirtualNetwork
  readonly peer: (id: PeerId, parts?: PeerParts) => Peer
  readonly actor: (id: PeerId) => Actor
}

/** A peer without an engine: it keeps what it gets, and a test says what it sends. */
export interface Actor {
  readonly node: VirtualNode
  readonly received: Message[]
  send(to: PeerId, parts: MessageParts): Promise<void>
}

export function openWorld(seed = 1): World {
  const clock = new VirtualClock()
  const network = new VirtualNetwork(clock, seed)
  return {
    clock,
    network,
    peer(id, parts = {}) {
      const [node, store] = [network.node(id), new MapStore()]
      const bitswap = openBitswap({ ...parts, network: node, store, clock, random: randomFrom(seedOf(id, seed)) })
      const put = (blocks: readonly Block[]): void => {
        store.put(blocks)
        bitswap.announce(blocks.map((block) => block.cid))
      }
      return { id, node, store, bitswap, put }
    },
    actor(id) {
      const node = network.node(id)
      const received: Message[] = []
      node.attach({
        connected() {},
        disconnected() {},
        async message(_, bytes) {
          received.push(decodeMessage(bytes))
        },
      })
      return { node, received, send: (to, parts) => node.send(to, encodeMessage(parts)) }
    },
  }
}

/** Each peer has its own chance. */
function seedOf(id: PeerId, seed: number): number {
  return Buffer.from(id).reduce((sum, byte) => Math.imul(sum, 31) + byte, seed)
}

/** `count` different blocks of `bytes` each. */
export function randomBlocks(count: number, bytes: number, seed = 7): Block[] {
  const random = randomFrom(seed)
  return Array.from({ length: count }, (_, index) => {
    const content = Uint8Array.from({ length: Math.min(bytes, 64) }, () => random() * 256)
    const whole = new Uint8Array(bytes)
    whole.set(content)
    if (bytes >= 8) new DataView(whole.buffer).setUint32(0, index + seed * 65_536)
    return createBlock(whole, { codec: RAW_CODE })
  })
}

export function want(cid: CID, entry: Partial<WantEntry> = {}): WantEntry {
  return { cid, priority: 1, cancel: false, type: 'block', sendDontHave: true, ...entry }
}

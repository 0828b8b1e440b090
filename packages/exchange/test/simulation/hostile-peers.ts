// Peers that mean harm, played by hand on the wire. Each attaches itself to its node; none of them has an engine.
import { createBlock, RAW_CODE, type Block, type NetworkHandler, type PeerId } from '@cairn/core'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { decodeMessage, encodeMessage, type MessageParts, type WantEntry } from '../../src/message.ts'
import { randomBlocks, want, type World } from '../peer.ts'

/** What a hostile peer does: see {@link HOSTILE}. */
export type HostileKind = keyof typeof HOSTILE

/** A node, a way to send from it, and chance. */
interface Stage {
  readonly world: World
  readonly id: PeerId
  readonly random: () => number
  readonly send: (to: PeerId, parts: MessageParts) => void
}

type Answer = (stage: Stage, to: PeerId, wants: readonly WantEntry[]) => void

/** Each answers what it is asked, and some speak without being asked. */
const HOSTILE = {
  /** Says that it has everything, and sends other bytes in place of each block. */
  liar: (stage, to, wants) => {
    present(stage, to, { wants: wants.filter(({ type }) => type === 'have'), has: true })
    const blocks = wants.filter(({ type }) => type === 'block').map(() => wrongBlock(stage.random))
    for (let from = 0; from < blocks.length; from += 4) stage.send(to, { blocks: blocks.slice(from, from + 4) })
  },
  /** Says that it has everything, and sends nothing. */
  staller: (stage, to, wants) => present(stage, to, { wants, has: true }),
  /** Says that it has nothing. */
  denier: (stage, to, wants) => present(stage, to, { wants, has: false }),
  /** Changes its mind with each question. */
  waverer: (stage, to, wants) => present(stage, to, { wants, has: stage.random() < 0.5 }),
  /** Says nothing at all. */
  silent: () => undefined,
  /** Answers each question with things that nobody asked for. */
  flooder: (stage, to, wants) => {
    if (wants.length > 0) flood(stage, to)
  },
} satisfies Record<string, Answer>

export const HOSTILE_KINDS = Object.keys(HOSTILE) as readonly HostileKind[]

/** Attaches a hostile peer to the node `id`. */
export function playHostile(
  world: World,
  id: PeerId,
  { kind, random }: { kind: HostileKind; random: () => number },
): void {
  const node = world.network.node(id)
  const answer: Answer = HOSTILE[kind]
  // Whoever was reset cannot send any more.
  const send = (to: PeerId, parts: MessageParts): void =>
    void node.send(to, encodeMessage(parts)).catch(() => undefined)
  const stage: Stage = { world, id, random, send }
  const handler: NetworkHandler = {
    connected: (peer) => (kind === 'flooder' ? flood(stage, peer) : undefined),
    disconnected: () => undefined,
    async message(peer, bytes) {
      const wants = decodeMessage(bytes).wants.filter(({ cancel }) => !cancel)
      if (wants.length > 0) answer(stage, peer, wants)
    },
  }
  node.attach(handler)
}

function present({ send }: Stage, to: PeerId, { wants, has }: { wants: readonly WantEntry[]; has: boolean }): void {
  if (wants.length > 0) send(to, { presences: wants.map(({ cid }) => ({ cid, has })) })
}

/** Ten times something that nobody asked for, in a second or so. */
function flood(stage: Stage, to: PeerId): void {
  const { world, id, random, send } = stage
  for (let times = 0; times < 10; times++) {
    world.clock.after(random() * 1000, () => {
      const kind = random()
      if (kind < 0.2) send(to, { blocks: [wrongBlock(random)] })
      else if (kind < 0.4)
        send(to, {
          wants: strangeWants(random, { count: random() < 0.05 ? 2000 : 20, cancel: false }),
          full: random() < 0.5,
        })
      else if (kind < 0.6) send(to, { wants: strangeWants(random, { count: 20, cancel: true }) })
      else if (kind < 0.8)
        send(to, {
          presences: strangeWants(random, { count: 20, cancel: false }).map(({ cid }) => ({
            cid,
            has: random() < 0.5,
          })),
        })
      else {
        const noise = Uint8Array.from({ length: 1 + random() * 100 }, () => random() * 256)
        void world.network
          .node(id)
          .send(to, noise)
          .catch(() => undefined)
      }
    })
  }
}

function wrongBlock(random: () => number): Block {
  const [block] = randomBlocks(1, 64 + Math.floor(random() * 2000), 1_000_000 + Math.floor(random() * 1_000_000))
  return block ?? createBlock(new Uint8Array(0), { codec: RAW_CODE })
}

function strangeWants(random: () => number, { count, cancel }: { count: number; cancel: boolean }): WantEntry[] {
  return Array.from({ length: count }, () => {
    const digest = new Uint8Array(32)
    new DataView(digest.buffer).setFloat64(0, random())
    return want(CID.createV1(RAW_CODE, createDigest(0x12, digest)), { cancel, type: random() < 0.5 ? 'block' : 'have' })
  })
}

// Collections without a pause beside eight workers that add, pin, unpin, pin again and read, while the clock of the machine
// jumps: nothing that is pinned is ever missing, and when all is quiet nothing is left that no pin keeps.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blockKey, codecByName, createBlock, isCairnError, RAW_CODE, walk, type Block } from '@cairn/core'
import { createRepo, openNode, type Node } from '@cairn/node'
import { encode } from '@ipld/dag-cbor'
import type { CID } from 'multiformats/cid'
import { afterEach, expect, test } from 'vitest'
import { ROUNDS } from './rounds.ts'
import { below, seededRandom, type Random } from './random.ts'

const WORKERS = 8
/** Different leaves there are: few, so that what one worker drops another one puts again. */
const LEAVES = 400
/** Roots that a worker keeps pinned at most. */
const PINS_MAX = 20
/** Roots in a chain, of which each links to the one before it; in a chain without end every read would walk all that was made. */
const CHAIN_ROOTS = 16
const YEAR_MS = 365 * 24 * 3_600_000

const realNow = Date.now
afterEach(() => {
  Date.now = realNow
})

/** One of the eight. Roots carry its number, leaves are everybody's. */
class Worker {
  readonly #node: Node
  readonly #random: Random
  readonly #number: number
  readonly pinned: CID[] = []
  /** Roots that were pinned once: what is below them may be gone, in part or whole. */
  readonly #dropped: CID[] = []
  #made = 0

  constructor(node: Node, number: number, random: Random) {
    this.#node = node
    this.#number = number
    this.#random = random
  }

  async step(): Promise<void> {
    const chance = this.#random()
    if (chance < 0.35) await this.#add()
    else if (chance < 0.5) await this.#unpin()
    else if (chance < 0.6) await this.#pinAgain()
    else if (chance < 0.7) await this.#node.blocks.putMany(this.#someLeaves())
    else await this.#read()
    if (this.pinned.length > PINS_MAX) await this.#unpin()
  }

  /** A node over leaves and over what is pinned already, as an import stores it: leaves first. */
  async #add(): Promise<void> {
    const hold = this.#node.blocks.hold()
    try {
      const leaves = this.#someLeaves()
      await this.#node.blocks.putMany(leaves)
      const before = this.#made % CHAIN_ROOTS === 0 ? [] : this.pinned.slice(-1)
      const links = [...leaves.map(({ cid }) => cid), ...before]
      const content = encode({ links, worker: this.#number, made: this.#made++ })
      const root = createBlock(content, { codec: codecByName('dag-cbor') })
      await this.#node.blocks.putMany([root])
      await this.#node.pins.record(root.cid)
      this.pinned.push(root.cid)
    } finally {
      hold.release()
    }
  }

  async #unpin(): Promise<void> {
    const [root] = this.pinned.splice(below(this.#random, this.pinned.length), 1)
    if (root === undefined) return
    await this.#node.pins.remove(root)
    this.#dropped.push(root)
    if (this.#dropped.length > PINS_MAX) this.#dropped.shift()
  }

  /** May fail since it is gone, but not by half. */
  async #pinAgain(): Promise<void> {
    const [root] = this.#dropped.splice(below(this.#random, this.#dropped.length), 1)
    if (root === undefined) return
    try {
      await this.#node.pins.add(root)
      this.pinned.push(root)
    } catch (error) {
      if (!isCairnError(error, 'NOT_FOUND')) throw error
    }
  }

  async #read(): Promise<void> {
    const root = this.pinned[below(this.#random, this.pinned.length)]
    if (root === undefined) return
    // Every block is read, and proven to be what its CID says.
    for await (const _ of walk(this.#node.local, root));
  }

  #someLeaves(): Block[] {
    return Array.from({ length: 1 + below(this.#random, 8) }, () => leafOf(below(this.#random, LEAVES)))
  }
}

function leafOf(number: number): Block {
  return createBlock(new Uint8Array(50 + 17 * number).fill(number).fill(number >> 8, 0, 1), { codec: RAW_CODE })
}

/** Collects again and again until told to stop; some collections are broken off, some end at a size. */
async function collectUntil(isOver: () => boolean, node: Node, random: Random): Promise<number> {
  let collections = 0
  for (; !isOver(); collections++) {
    const steps = random() < 0.3 ? below(random, 5) : Infinity
    const downToBytes = random() < 0.2 ? below(random, 2_000_000) : undefined
    let taken = 0
    for await (const _ of node.collect({ downToBytes })) {
      Date.now = () => realNow() + (random() - 0.5) * 10 * YEAR_MS
      if (taken++ >= steps) break
    }
  }
  return collections
}

test(
  `nothing pinned is missing in ${ROUNDS.operations} operations beside collections`,
  { timeout: 60_000 + ROUNDS.operations * 20 },
  async () => {
    const { seed, operations } = ROUNDS
    console.log(`seed ${seed}`)
    const folder = await mkdtemp(join(tmpdir(), 'cairn-collect-'))
    try {
      await createRepo(join(folder, 'repo'), 'test')
      await using node = await openNode(join(folder, 'repo'))
      const workers = Array.from(
        { length: WORKERS },
        (_, number) => new Worker(node, number, seededRandom(seed + number)),
      )
      let isOver = false
      const collecting = collectUntil(() => isOver, node, seededRandom(seed - 1))
      try {
        await Promise.all(
          workers.map(async (worker) => {
            for (let step = 0; step < operations / WORKERS; step++) await worker.step()
          }),
        )
      } finally {
        isOver = true
      }
      expect(await collecting).toBeGreaterThan(0)
      await checkQuiet(node, workers)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
)

/** After one more collection the store holds what the pins reach, all of it and nothing else. */
async function checkQuiet(node: Node, workers: readonly Worker[]): Promise<void> {
  for await (const _ of node.collect());
  const kept = new Set<string>()
  for (const root of workers.flatMap(({ pinned }) => pinned))
    for await (const { cid } of walk(node.local, root)) kept.add(blockKey(cid))
  const stored = new Set<string>()
  for await (const { cid } of node.store.list()) stored.add(blockKey(cid))
  expect(stored).toEqual(kept)
  expect((await node.store.stat()).blocks).toBe(kept.size)
}

// Random actions on blocks, for model.test.ts. Each is chosen whole before it runs, so that a seed chooses the same ones again.
import { importTree, PROFILES, type Block, type ImportSettings, type NamedSource } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { expect } from 'vitest'
import { pinText } from './model.ts'
import type { Action } from './model-group.ts'
import { acknowledged, anyKnown, codeOf, expectFound, keysOf, pick, someKnown, type Scene } from './model-scene.ts'
import { randomNode } from './random-node.ts'
import { smallTree } from './random-tree.ts'
import { below, type Random } from './random.ts'

const DEPTH_MAX = 8
const FLAT: ImportSettings = { ...PROFILES['unixfs-v1-2025'], chunker: 'size-512', linksPerNode: 3 }
const SHARDED: ImportSettings = {
  ...PROFILES['unixfs-v0-2015'],
  chunker: 'size-1024',
  linksPerNode: 2,
  directoryBytesMax: 1,
  shardFanout: 8,
}

/** Puts new nodes, and some again that were there before. */
export function put({ node, model, random }: Scene): Action {
  const blocks: Block[] = []
  for (let count = 1 + below(random, 6); count > 0; count--) {
    const old = random() < 0.2 ? anyKnown({ model, random }) : undefined
    const others = [...model.blocks.values()].filter(({ depth }) => depth < DEPTH_MAX).slice(-40)
    blocks.push(
      old?.block ??
        randomNode(
          random,
          others.map(({ block }) => block.cid),
        ),
    )
    model.meet(blocks.slice(-1))
  }
  const puts = keysOf(blocks)
  const label = `put ${puts.size}`
  return { label, puts, run: (group) => acknowledged(group, puts, () => node.blocks.putMany(blocks)) }
}

/** Imports a tree, a new one or again, pinned or not, and sometimes only begins to. */
export function addTrees(): (scene: Scene) => Promise<Action> {
  const recent: Import[] = []
  return async ({ node, model, random }) => {
    const again = random() < 0.3 ? pick(recent.slice(-5), random) : undefined
    const { source, settings } = again ?? newImport(random)
    recent.push({ source, settings })
    const [isPinned, isAbandoned] = [random() < 0.5, random() < 0.15]
    const blocks: Block[] = []
    for await (const event of importTree(source, settings)) if (event.kind === 'block') blocks.push(event.block)
    const root = blocks.at(-1)?.cid ?? expect.fail('a tree has a root')
    model.meet(blocks)
    const puts = keysOf(blocks)
    return {
      label: `${isAbandoned ? 'begin to add' : 'add'} ${root} ${isPinned ? 'pinned' : 'unpinned'}`,
      puts,
      pins: [pinText(root)],
      async run(group) {
        const begun = group.tick()
        let last: CID | undefined
        for await (const event of node.add(source, { settings, pin: isPinned })) {
          if (isAbandoned) return
          if (event.kind === 'entry') last = event.cid
        }
        expect(last?.equals(root)).toBe(true)
        if (isPinned) model.addPin(root, 'recursive', [''])
        group.acknowledge(puts, begun)
      },
    }
  }
}

/** Puts again what no pin keeps, block by block, for as long as a collection runs beside it. */
export function putAgain({ node, model, random }: Scene): Action {
  const live = model.live()
  const waste = [...model.blocks].filter(([key, { isStored }]) => isStored && !live.has(key))
  const start = below(random, Math.max(1, waste.length - WASTE_MAX))
  const blocks = waste.slice(start, start + WASTE_MAX).map(([, { block }]) => block)
  return {
    label: `put again ${blocks.length}`,
    puts: keysOf(blocks),
    async run(group) {
      for (const [index, block] of blocks.entries()) {
        if (index > 0 && group.isCollected) return
        await acknowledged(group, keysOf([block]), () => node.blocks.putMany([block]))
      }
    },
  }
}

/** Blocks put beside a collection at most. */
const WASTE_MAX = 60

interface Import {
  readonly source: NamedSource
  readonly settings: ImportSettings
}

function newImport(random: Random): Import {
  return { source: smallTree(random), settings: random() < 0.5 ? FLAT : SHARDED }
}

/** Takes hold of blocks that may be there. */
export function claim(scene: Scene): Action {
  const known = someKnown(scene, 8)
  return {
    label: `claim ${known.length}`,
    touches: keysOf(known.map(({ block }) => block)),
    async run(group) {
      const begun = group.tick()
      const found = await scene.node.store.claimMany(known.map(({ block }) => block.cid))
      expectFound(group, known, found)
      group.acknowledge(keysOf(known.filter((_, index) => found[index] === true).map(({ block }) => block)), begun)
    },
  }
}

/** Reads blocks that may be there, in each of the ways that there are. */
export function read(scene: Scene): Action {
  const known = someKnown(scene, 8)
  const cids = known.map(({ block }) => block.cid)
  const { store, local } = scene.node
  return {
    label: `read ${known.length}`,
    async run(group) {
      expectFound(group, known, await store.hasMany(cids))
      const blocks = await store.getMany(cids)
      expectFound(
        group,
        known,
        blocks.map((block) => block !== undefined),
      )
      for (const [index, cid] of cids.entries()) if (blocks[index] !== undefined) expect(blocks[index].cid).toEqual(cid)
      const [first] = known
      if (first === undefined) return
      const size = await store.size(first.block.cid)
      if (size !== undefined) expect(size).toBe(first.block.bytes.length)
      const code = await codeOf(() => local.get(first.block.cid))
      expect(['NOT_FOUND', undefined]).toContain(code)
      expectFound(group, [first], [code === undefined])
    },
  }
}

// The random actions of model.test.ts. Each is chosen whole before it runs, so that a seed chooses the same ones again.
import {
  blockKey,
  importTree,
  isCairnError,
  PROFILES,
  RAW_CODE,
  type Block,
  type ErrorCode,
  type ImportSettings,
  type NamedSource,
} from '@cairn/core'
import type { Node } from '@cairn/node'
import { CID } from 'multiformats/cid'
import { expect } from 'vitest'
import { pinText, type Known, type Model } from './model.ts'
import type { Action, Group } from './model-group.ts'
import { randomNode } from './random-node.ts'
import { smallTree } from './random-tree.ts'
import { below, type Random } from './random.ts'

/** What actions work on. */
export interface Scene {
  readonly node: Node
  readonly model: Model
  readonly random: Random
}

const NAMES = ['', 'a', 'b'] as const
/** Pins from which on more are removed than added. */
const PINS = 12
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

/** Adds a pin, also of what is not whole. */
export function pin(scene: Scene): Action | undefined {
  const { node, model, random } = scene
  if (model.pins.size >= PINS && random() < 0.8) return undefined
  const known = anyKnown(scene)
  if (known === undefined) return undefined
  const { cid: own } = known.block
  const cid = random() < 0.1 ? CID.createV1(RAW_CODE, own.multihash) : own
  const [type, name] = [random() < 0.75 ? ('recursive' as const) : ('direct' as const), pick(NAMES, random) ?? '']
  const needed = model.reach([{ cid, type }])
  return {
    label: `pin ${cid} ${type} "${name}"`,
    touches: needed,
    pins: [pinText(cid)],
    async run(group) {
      const begun = group.tick()
      const isContradiction = type === 'direct' && model.pins.get(pinText(cid))?.type === 'recursive'
      const code = await codeOf(() => node.pins.add(cid, { type, name }))
      if (isContradiction) {
        expect(code).toBe('CONFLICT')
        return
      }
      expectWhole(group, needed, code)
      if (code !== undefined) return
      model.addPin(cid, type, [name])
      group.acknowledge(needed, begun)
    },
  }
}

/** Removes a pin or one of its names, and sometimes one that there is not. */
export function unpin(scene: Scene): Action | undefined {
  const { node, model, random } = scene
  const present = random() < 0.9 ? pick([...model.pins.values()], random) : undefined
  const cid = present?.cid ?? anyKnown(scene)?.block.cid
  if (cid === undefined) return undefined
  const name = random() < 0.3 ? pick(NAMES, random) : undefined
  return {
    label: `unpin ${cid} ${name === undefined ? 'whole' : `"${name}"`}`,
    pins: [pinText(cid)],
    async run() {
      const before = model.pins.get(pinText(cid))
      // From now on a collection may take it.
      const isThere = before !== undefined && (name === undefined || before.names.has(name))
      const code = await codeOf(() => node.pins.remove(cid, name === undefined ? {} : { name }))
      expect(code).toBe(isThere ? undefined : 'NOT_FOUND')
      if (!isThere) return
      const names = new Set([...before.names].filter((other) => name !== undefined && other !== name))
      if (names.size === 0) model.pins.delete(pinText(cid))
      else model.pins.set(pinText(cid), { ...before, names })
    },
  }
}

/** Moves a pin from one root to another, often one that links what the first one does. */
export function update(scene: Scene): Action | undefined {
  const { node, model, random } = scene
  const from = pick([...model.pins.values()], random)
  if (from === undefined) return undefined
  const isGrowth = random() < 0.7
  const grown = isGrowth
    ? randomNode(random, [from.cid, ...someKnown(scene, 3).map(({ block }) => block.cid)])
    : undefined
  if (grown !== undefined) model.meet([grown])
  const to = grown?.cid ?? anyKnown(scene)?.block.cid ?? from.cid
  const takesOff = random() < 0.8
  const needed = model.reach([{ cid: to, type: 'recursive' }])
  const puts = keysOf(grown === undefined ? [] : [grown])
  return {
    label: `move pin ${from.cid} to ${to}${takesOff ? '' : ' and keep it'}`,
    puts,
    // To compare, it reads and claims what stands in the same place in the old one.
    touches: new Set([...needed, ...model.reach([from])]),
    pins: [pinText(from.cid), pinText(to)],
    async run(group) {
      const begun = group.tick()
      const hold = node.store.hold()
      try {
        if (grown !== undefined) await acknowledged(group, puts, () => node.blocks.putMany([grown]))
        const code = await codeOf(() => node.pins.update(from.cid, to, { unpin: takesOff }))
        if (from.type !== 'recursive') {
          expect(code).toBe('NOT_FOUND')
          return
        }
        if (pinText(from.cid) === pinText(to)) {
          expect(code).toBeUndefined()
          return
        }
        expectWhole(group, new Set([...needed].filter((key) => !puts.has(key))), code)
        if (code !== undefined) return
        if (takesOff) model.pins.delete(pinText(from.cid))
        model.addPin(to, 'recursive', from.names)
        // What both have in the same place is not claimed.
        group.acknowledge(puts, begun)
      } finally {
        hold.release()
      }
    },
  }
}

/** Runs `task`, after which all of `keys` are stored and claimed. */
async function acknowledged(group: Group, keys: ReadonlySet<string>, task: () => Promise<void>): Promise<void> {
  const begun = group.tick()
  await task()
  group.acknowledge(keys, begun)
}

function expectFound(group: Group, known: readonly Known[], found: readonly boolean[]): void {
  for (const [index, { block }] of known.entries()) {
    const expected = group.has(blockKey(block.cid))
    if (expected !== undefined) expect(found[index], `${block.cid}`).toBe(expected)
  }
}

/** Passes when a pin of all `needed` may end with `code`. */
function expectWhole(group: Group, needed: ReadonlySet<string>, code: ErrorCode | undefined): void {
  const isWhole = group.hasAll(needed)
  if (isWhole === undefined) expect(['NOT_FOUND', undefined]).toContain(code)
  else expect(code).toBe(isWhole ? undefined : 'NOT_FOUND')
}

/** The code that `action` fails with, `undefined` when it does not. @throws what is no CairnError */
async function codeOf(action: () => Promise<unknown>): Promise<ErrorCode | undefined> {
  try {
    await action()
    return undefined
  } catch (error) {
    if (!isCairnError(error)) throw error
    return error.code
  }
}

function keysOf(blocks: readonly Block[]): Set<string> {
  return new Set(blocks.map(({ cid }) => blockKey(cid)))
}

/** A block that is stored, mostly, or was. */
function anyKnown({ model, random }: Pick<Scene, 'model' | 'random'>): Known | undefined {
  const all = [...model.blocks.values()]
  const stored = all.filter(({ isStored }) => isStored)
  return pick(random() < 0.85 && stored.length > 0 ? stored : all, random)
}

export function someKnown(scene: Scene, max: number): Known[] {
  return Array.from({ length: 1 + below(scene.random, max) }, () => anyKnown(scene)).filter(
    (known) => known !== undefined,
  )
}

/** One of `values`, `undefined` when there is none. */
function pick<Value>(values: readonly Value[], random: Random): Value | undefined {
  return values[below(random, values.length)]
}

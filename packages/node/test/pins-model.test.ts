// Pins against a model of them, over both key-value stores, opened anew at any moment. Blocks are in memory: what is
// tested is what pins, names and listings say.
import { join } from 'node:path'
import { MemoryKeyValueStore, MemoryStore, openLevelKeyValueStore } from '@cairn/blockstore'
import {
  blockKey,
  BlockService,
  codecByName,
  createBlock,
  isCairnError,
  linksOf,
  Pins,
  type Block,
  type KeyValueStore,
  type PinType,
} from '@cairn/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tempFolder } from './temp-folder.ts'

interface ModelPin {
  readonly type: PinType
  readonly names: ReadonlySet<string>
}

const NAMES = ['', 'a', 'b', 'ab'] as const
const anyBlock = fc.nat(1000)
const anyName = fc.constantFrom(...NAMES)
const anyType = fc.constantFrom<PinType>('recursive', 'recursive', 'direct')

const anyAction = fc.oneof(
  fc.record({ kind: fc.constantFrom('add' as const, 'record' as const), at: anyBlock, type: anyType, name: anyName }),
  fc.record({ kind: fc.constant('remove' as const), at: anyBlock, name: fc.option(anyName) }),
  fc.record({ kind: fc.constant('update' as const), at: anyBlock, to: anyBlock, unpin: fc.boolean() }),
  fc.record({ kind: fc.constantFrom('reopen' as const, 'forget' as const, 'ask' as const) }),
)
type Action = typeof anyAction extends fc.Arbitrary<infer Value> ? Value : never

/** Blocks of which each node links some before it. */
const anyDag = fc.array(fc.array(anyBlock, { maxLength: 4 }), { minLength: 1, maxLength: 15 }).map((shape) => {
  const blocks: Block[] = []
  for (const [index, picks] of shape.entries()) {
    const links = picks.flatMap((pick) => blocks[pick % Math.max(index, 1)]?.cid ?? [])
    const codec = links.length === 0 ? 'raw' : 'dag-json'
    const text = JSON.stringify({ index, links: links.map((cid) => ({ '/': cid.toString() })) })
    blocks.push(createBlock(new TextEncoder().encode(text), { codec: codecByName(codec) }))
  }
  return blocks
})

class Model {
  readonly pins = new Map<Block, ModelPin>()
  readonly #blocks: readonly Block[]

  constructor(blocks: readonly Block[]) {
    this.#blocks = blocks
  }

  /** Does the action and gives the code of the error that it should fail with. */
  apply(action: Action): string | undefined {
    if (action.kind === 'add' || action.kind === 'record') {
      const block = this.at(action.at)
      const present = this.pins.get(block)
      if (present?.type === 'recursive' && action.type === 'direct') return 'CONFLICT'
      this.pins.set(block, { type: action.type, names: new Set([...(present?.names ?? []), action.name]) })
    } else if (action.kind === 'remove') {
      const block = this.at(action.at)
      const present = this.pins.get(block)
      if (present === undefined || (action.name !== null && !present.names.has(action.name))) return 'NOT_FOUND'
      const names = new Set(action.name === null ? [] : [...present.names].filter((name) => name !== action.name))
      if (names.size === 0) this.pins.delete(block)
      else this.pins.set(block, { ...present, names })
    } else if (action.kind === 'update') {
      const [from, to] = [this.at(action.at), this.at(action.to)]
      const present = this.pins.get(from)
      if (present?.type !== 'recursive') return 'NOT_FOUND'
      if (from === to) return undefined
      const names = new Set([...(this.pins.get(to)?.names ?? []), ...present.names])
      if (action.unpin) this.pins.delete(from)
      this.pins.set(to, { type: 'recursive', names })
    }
    return undefined
  }

  at(index: number): Block {
    const block = this.#blocks[index % this.#blocks.length]
    if (block === undefined) throw new RangeError('there is a block at every index')
    return block
  }

  /** Keys of what is below recursive pins. */
  below(): Set<string> {
    const found = new Set<string>()
    const visit = (block: Block): void => {
      for (const { cid } of linksOf(block)) {
        found.add(blockKey(cid))
        const child = this.#blocks.find((other) => other.cid.equals(cid))
        if (child !== undefined) visit(child)
      }
    }
    for (const [block, { type }] of this.pins) if (type === 'recursive') visit(block)
    return found
  }
}

async function perform(pins: Pins, action: Action, model: Model): Promise<void> {
  if (action.kind === 'add') await pins.add(model.at(action.at).cid, { type: action.type, name: action.name })
  if (action.kind === 'record') await pins.record(model.at(action.at).cid, action.type, action.name)
  if (action.kind === 'remove')
    await pins.remove(model.at(action.at).cid, action.name === null ? {} : { name: action.name })
  if (action.kind === 'update')
    await pins.update(model.at(action.at).cid, model.at(action.to).cid, { unpin: action.unpin })
}

/** What pins say, in the form of {@link said}. */
async function listed(pins: Pins, blocks: readonly Block[]) {
  const own = (await Array.fromAsync(pins.list())).map(({ cid, type, names }) => `${cid} ${type} ${names.join()}`)
  const indirect = (await Array.fromAsync(pins.listIndirect())).map(String)
  const keepers = await pins.keepersOf(blocks.map(({ cid }) => cid))
  return { own: own.toSorted(), indirect: indirect.toSorted(), types: keepers.map((keeper) => keeper?.type) }
}

/** What the model says. */
function said(model: Model, blocks: readonly Block[]): Awaited<ReturnType<typeof listed>> {
  const below = model.below()
  const isBelow = ({ cid }: Block): boolean => below.has(blockKey(cid))
  const own = [...model.pins].map(([{ cid }, { type, names }]) => `${cid} ${type} ${[...names].toSorted().join()}`)
  const indirect = blocks.filter((block) => isBelow(block) && !model.pins.has(block)).map(({ cid }) => cid.toString())
  const types = blocks.map((block) => model.pins.get(block)?.type ?? (isBelow(block) ? 'indirect' : undefined))
  return { own: own.toSorted(), indirect: indirect.toSorted(), types }
}

describe.each<[string, (path: string) => Promise<KeyValueStore>, number]>([
  ['MemoryKeyValueStore', () => Promise.resolve(new MemoryKeyValueStore()), 150],
  ['LevelDB', (path) => openLevelKeyValueStore(path), 25],
])('pins over %s', (kind, open, numRuns) => {
  test('say what a model says after any actions', async () => {
    const folder = await tempFolder()
    let run = 0
    await fc.assert(
      fc.asyncProperty(anyDag, fc.array(anyAction, { maxLength: 20 }), async (blocks, actions) => {
        const path = join(folder, `${++run}`)
        const store = new MemoryStore()
        await store.putMany(blocks)
        let records = await open(path)
        const newPins = (): Pins => new Pins({ records, blocks: new BlockService({ store }) })
        let pins = newPins()
        const model = new Model(blocks)
        try {
          for (const action of actions) {
            const code = model.apply(action)
            const error: unknown = await perform(pins, action, model).catch((reason: unknown) => reason)
            expect(isCairnError(error) ? error.code : error).toBe(code)
            if (action.kind === 'ask') expect(await listed(pins, blocks)).toEqual(said(model, blocks))
            if (action.kind === 'reopen') {
              if (kind === 'LevelDB') {
                await records.close()
                records = await open(path)
              }
              pins = newPins()
            }
            if (action.kind === 'forget') {
              const keys = (await Array.fromAsync(records.list('below/'))).map(([key]) => key)
              await records.batch(keys.map((key) => ({ key, value: undefined })))
            }
          }
          expect(await listed(pins, blocks)).toEqual(said(model, blocks))
          for (const { cid } of model.pins.keys()) await pins.remove(cid)
          expect(await Array.fromAsync(records.list(''))).toEqual([])
        } finally {
          await records.close()
        }
      }),
      { numRuns },
    )
  })
})

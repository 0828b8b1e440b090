import fc from 'fast-check'
import type { CID } from 'multiformats/cid'
import { describe, expect, test } from 'vitest'
import {
  blockKey,
  BlockService,
  collect,
  Pins,
  type Block,
  type CollectParts,
  type StoredBlock,
} from '../../src/index.ts'
import { all } from '../support/bytes.ts'
import { anyDag, blockAt, cidAt, naiveWalk, nodeBlock } from '../support/dag.ts'
import { expectCode } from '../support/expect-code.ts'
import { MapRecords } from '../support/map-records.ts'
import { MapStore, rawBlock, storedKeys } from '../support/map-store.ts'

function newRepo() {
  const store = new MapStore()
  const local = new BlockService({ store })
  return { store, local, pins: new Pins({ records: new MapRecords(), blocks: local }) }
}

/** The blocks that a collection removes. */
async function* removed(parts: CollectParts, options?: Parameters<typeof collect>[1]): AsyncGenerator<StoredBlock> {
  for await (const event of collect(parts, options)) if (event.kind === 'removed') yield* event.blocks
}

/** What the model says is kept: what any pin reaches. */
function keptBy(blocks: readonly Block[], pinned: ReadonlyMap<number, 'recursive' | 'direct'>): Set<string> {
  const kept = [...pinned].flatMap(([index, type]) => {
    const { cid } = blockAt(blocks, index)
    return type === 'direct' ? [cid] : naiveWalk(blocks, cid)
  })
  return new Set(kept.map(blockKey))
}

type Action = {
  readonly kind: 'pin' | 'pin direct' | 'unpin' | 'put' | 'collect'
  readonly at: number
  readonly meanwhile: readonly number[]
}

const anyAction: fc.Arbitrary<Action> = fc.record({
  kind: fc.constantFrom(
    'pin' as const,
    'pin' as const,
    'pin direct' as const,
    'unpin' as const,
    'put' as const,
    'collect' as const,
  ),
  at: fc.nat(100),
  meanwhile: fc.array(fc.nat(100), { maxLength: 3 }),
})

describe('collect', () => {
  test('keeps what is pinned while it is marking, though all of it was stored before', async () => {
    const repo = newRepo()
    const leaf = rawBlock(1)
    const root = nodeBlock([leaf.cid])
    const kept = nodeBlock([rawBlock(2).cid])
    await repo.store.putMany([leaf, root, kept, rawBlock(2)])
    await repo.pins.add(kept.cid)
    let pinning: Promise<void> | undefined
    const local = {
      get: (cid: CID) => {
        // Marking reads the one pinned node: now another one is pinned.
        pinning ??= repo.pins.add(root.cid)
        return pinning.then(() => repo.local.get(cid))
      },
    }
    await all(removed({ store: repo.store, pins: repo.pins, local }))
    await pinning
    expect(await repo.store.hasMany([root.cid, leaf.cid, kept.cid])).toEqual([true, true, true])
  })

  test('removes nothing that a pin reaches or that was put meanwhile, and everything else', async () => {
    await fc.assert(
      fc.asyncProperty(anyDag, fc.array(anyAction, { maxLength: 25 }), async (blocks, actions) => {
        const repo = newRepo()
        await repo.store.putMany(blocks)
        const pinned = new Map<number, 'recursive' | 'direct'>()
        const present = new Set(blocks.map(({ cid }) => blockKey(cid)))
        for (const { kind, at, meanwhile } of [...actions, { kind: 'collect', at: 0, meanwhile: [] } as const]) {
          const index = at % blocks.length
          const { cid } = blockAt(blocks, index)
          const type = kind === 'pin' ? 'recursive' : 'direct'
          const needed = type === 'direct' ? [cid] : naiveWalk(blocks, cid)
          if (kind === 'pin' || kind === 'pin direct') {
            if (!needed.every((below) => present.has(blockKey(below))))
              await expectCode('NOT_FOUND', () => repo.pins.add(cid, { type }))
            else if (type === 'direct' && pinned.get(index) === 'recursive')
              await expectCode('CONFLICT', () => repo.pins.add(cid, { type }))
            else await repo.pins.add(cid, { type }).then(() => pinned.set(index, type))
          } else if (kind === 'unpin') {
            if (pinned.delete(index)) await repo.pins.remove(cid)
            else await expectCode('NOT_FOUND', () => repo.pins.remove(cid))
          } else if (kind === 'put') {
            await repo.store.putMany([blockAt(blocks, index)])
            present.add(blockKey(cid))
          } else {
            await expectCollected(repo, { blocks, kept: keptBy(blocks, pinned), present, meanwhile })
          }
          expect(await storedKeys(repo.store)).toEqual(present)
        }
      }),
      { numRuns: 60 },
    )
  })

  interface Expected {
    readonly blocks: readonly Block[]
    readonly kept: ReadonlySet<string>
    readonly present: Set<string>
    /** Blocks that are put after the first one is gone. */
    readonly meanwhile: readonly number[]
  }

  async function expectCollected(repo: ReturnType<typeof newRepo>, { blocks, kept, present, meanwhile }: Expected) {
    const gone: string[] = []
    const put = new Set<string>()
    for await (const { cid } of removed(repo)) {
      gone.push(blockKey(cid))
      if (gone.length > 1) continue
      const late = meanwhile.map((at) => blockAt(blocks, at % blocks.length))
      await repo.store.putMany(late)
      for (const block of late) put.add(blockKey(block.cid))
    }
    for (const key of gone) {
      expect(present.delete(key)).toBe(true)
      expect(kept.has(key)).toBe(false)
    }
    for (const key of put) present.add(key)
    for (const key of present) expect(kept.has(key) || put.has(key)).toBe(true)
  }

  test('keeps what is put or put again while it marks, and what a hold protects', async () => {
    const repo = newRepo()
    const old = [rawBlock(1), rawBlock(2), rawBlock(3)]
    await repo.store.putMany(old)
    const hold = repo.store.hold()
    await repo.store.putMany([rawBlock(2), rawBlock(4)])
    const root = nodeBlock([])
    await repo.store.putMany([root])
    await repo.pins.record(root.cid)
    const local = {
      get: async (cid: CID) => {
        await repo.store.putMany([rawBlock(3), rawBlock(5)])
        return await repo.local.get(cid)
      },
    }
    expect((await all(removed({ ...repo, local }))).map(({ cid }) => blockKey(cid))).toEqual([
      blockKey(rawBlock(1).cid),
    ])
    hold.release()
    expect(await all(removed(repo))).toHaveLength(4)
    expect(await storedKeys(repo.store)).toEqual(new Set([blockKey(root.cid)]))
  })

  test('leaves alone what a hold protected when it began, even when the hold ends and its pin comes after the marking', async () => {
    const repo = newRepo()
    const hold = repo.store.hold()
    const [waste, late, root] = [rawBlock(1), rawBlock(2), nodeBlock([])]
    await repo.store.putMany([late])
    const local = {
      get: async (cid: CID) => {
        await repo.pins.record(late.cid)
        hold.release()
        return await repo.local.get(cid)
      },
    }
    await repo.store.putMany([root, waste])
    await repo.pins.record(root.cid)
    await all(removed({ ...repo, local }))
    expect(await repo.store.hasMany([late.cid, root.cid])).toEqual([true, true])
    await all(removed(repo))
    expect(await repo.store.hasMany([late.cid, root.cid, waste.cid])).toEqual([true, true, false])
  })

  test('deletes nothing when a pinned DAG lacks an interior node, and does not miss a leaf', async () => {
    const repo = newRepo()
    const [leaf, waste] = [rawBlock(1), rawBlock(2)]
    const inner = nodeBlock([leaf.cid])
    const root = nodeBlock([inner.cid])
    await repo.store.putMany([leaf, waste, inner, root])
    await repo.pins.add(root.cid)
    await repo.store.deleteMany([inner.cid])
    await expect(all(removed(repo))).rejects.toMatchObject({ code: 'NOT_FOUND', cid: inner.cid })
    expect(await repo.store.stat()).toMatchObject({ blocks: 3 })
    await repo.store.putMany([inner])
    await repo.store.deleteMany([leaf.cid])
    expect(await all(removed(repo))).toHaveLength(1)
    expect(await storedKeys(repo.store)).toEqual(new Set([root, inner].map(({ cid }) => blockKey(cid))))
  })

  test('never reads a raw leaf', async () => {
    const repo = newRepo()
    const blocks = [rawBlock(1), rawBlock(2), nodeBlock([rawBlock(1).cid, rawBlock(2).cid])]
    await repo.store.putMany(blocks)
    await repo.pins.add(cidAt(blocks, 2))
    const read: string[] = []
    const local = {
      get: async (cid: CID) => {
        read.push(cid.toString())
        return await repo.local.get(cid)
      },
    }
    expect(await all(removed({ ...repo, local }))).toEqual([])
    expect(read).toEqual([cidAt(blocks, 2).toString()])
  })

  test('runs one at a time, and is over after an end of any kind', async () => {
    const repo = newRepo()
    await repo.store.putMany([rawBlock(1), rawBlock(2)])
    for await (const _ of removed(repo)) {
      await expectCode('CONFLICT', () => all(removed(repo)))
      break
    }
    await repo.store.putMany([nodeBlock([rawBlock(9).cid], 1)])
    await repo.pins.record(rawBlock(1).cid)
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(all(removed(repo, { signal }))).rejects.toBe(signal.reason)
    await all(removed(repo))
    expect(await storedKeys(repo.store)).toEqual(
      new Set((await repo.store.hasMany([rawBlock(1).cid]))[0] === true ? [blockKey(rawBlock(1).cid)] : []),
    )
  })
})

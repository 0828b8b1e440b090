import { encode } from '@ipld/dag-cbor'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { describe, expect, test } from 'vitest'
import {
  blockKey,
  BlockService,
  CairnError,
  createBlock,
  Pins,
  verifyPins,
  type Block,
  type BlockReader,
} from '../../src/index.ts'
import { all } from '../support/bytes.ts'
import { anyDag, blockAt, naiveWalk, nodeBlock } from '../support/dag.ts'
import { expectCode } from '../support/expect-code.ts'
import { MapRecords } from '../support/map-records.ts'
import { MapStore, rawBlock } from '../support/map-store.ts'

async function newRepo(blocks: readonly Block[]) {
  const store = new MapStore()
  await store.putMany(blocks)
  const local = new BlockService({ store })
  return { store, local, pins: new Pins({ records: new MapRecords(), blocks: local }) }
}

/** Whole pins, and for the others the codes of what is bad, by the text of the CIDs. */
async function verified(repo: { readonly pins: Pins; readonly local: BlockReader }) {
  const pins = new Map<string, boolean>()
  const bad = new Map<string, Map<string, string>>()
  for (const event of await all(verifyPins(repo))) {
    if (event.kind === 'pin') pins.set(String(event.pin.cid), event.isWhole)
    if (event.kind !== 'bad') continue
    const root = String(event.pin.cid)
    bad.set(root, (bad.get(root) ?? new Map<string, string>()).set(String(event.cid), event.error.code))
  }
  return { pins, bad }
}

describe('verifyPins', () => {
  test('names what is missing, damaged or does not decode, and goes on', async () => {
    const [leafA, leafB, leafC] = [rawBlock(1), rawBlock(2), rawBlock(3)]
    const nonsense = createBlock(Uint8Array.of(0xff), { codec: 0x71 })
    const foreign = CID.createV1(
      0x71,
      CID.createV1(0x55, {
        ...leafA.cid.multihash,
        code: 0x7777,
        bytes: Uint8Array.of(0xf7, 0xee, 0x01, 0x20, ...leafA.cid.multihash.digest),
      }).multihash,
    )
    const inner = nodeBlock([leafB.cid, nonsense.cid])
    const root = nodeBlock([inner.cid, leafA.cid, leafC.cid, foreign], 1)
    const fine = nodeBlock([leafC.cid], 2)
    const repo = await newRepo([leafB, leafC, nonsense, inner, root, fine])
    for (const { cid } of [root, fine]) await repo.pins.record(cid)
    await repo.pins.record(rawBlock(9).cid, 'direct')
    const local: BlockReader = {
      get: async (cid, options) => {
        if (cid.equals(leafB.cid)) throw new CairnError('CORRUPT', 'flipped')
        return await repo.local.get(cid, options)
      },
    }
    const { pins, bad } = await verified({ pins: repo.pins, local })
    expect(pins).toEqual(
      new Map([
        [String(root.cid), false],
        [String(fine.cid), true],
      ]),
    )
    expect(Object.fromEntries(bad.get(String(root.cid)) ?? [])).toEqual({
      [String(leafB.cid)]: 'CORRUPT',
      [String(nonsense.cid)]: 'INVALID',
      [String(leafA.cid)]: 'NOT_FOUND',
      [String(foreign)]: 'DENIED',
    })
  })

  test('finds exactly what is missing of each pin, whatever the pins share', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyDag,
        fc.array(fc.nat(100), { maxLength: 5 }),
        fc.array(fc.nat(100), { maxLength: 3 }),
        async (blocks, picks, gone) => {
          const repo = await newRepo(blocks)
          const roots = picks.map((pick) => blockAt(blocks, pick % blocks.length).cid)
          for (const cid of roots) await repo.pins.record(cid)
          const missing = gone.map((pick) => blockAt(blocks, pick % blocks.length))
          await repo.store.deleteMany(missing.map(({ cid }) => cid))
          const left = blocks.filter((block) => !missing.includes(block))
          const { pins, bad } = await verified(repo)
          for (const root of roots) {
            // What lies below a missing block alone is not looked for.
            const reached = naiveWalk(left, root)
            const links = new Set(
              [
                root,
                ...left
                  .filter(({ cid }) => reached.some((one) => blockKey(one) === blockKey(cid)))
                  .flatMap((block) => naiveWalk([block, ...blocks], block.cid)),
              ].map(String),
            )
            const named = [...(bad.get(String(root)) ?? [])].map(([cid]) => cid)
            expect(pins.get(String(root))).toBe(named.length === 0)
            expect(named.length > 0).toBe(
              naiveWalk(blocks, root).some((cid) => missing.some((block) => block.cid.equals(cid))),
            )
            for (const cid of named)
              expect(links.has(cid) && missing.some((block) => String(block.cid) === cid)).toBe(true)
          }
        },
      ),
      { numRuns: 50 },
    )
  })

  test('says nothing bad of a pin that goes while it is read', async () => {
    const root = nodeBlock([rawBlock(1).cid, rawBlock(2).cid])
    const repo = await newRepo([root, rawBlock(1), rawBlock(2)])
    await repo.pins.record(root.cid)
    const local: BlockReader = {
      get: async (cid, options) => {
        const block = await repo.local.get(cid, options)
        await repo.pins.remove(root.cid).catch(() => undefined)
        await repo.store.deleteMany([rawBlock(2).cid])
        return block
      },
    }
    expect(await all(verifyPins({ pins: repo.pins, local }))).toEqual([])
  })

  test('ends with what is not a block’s fault, and when it is stopped', async () => {
    const repo = await newRepo([rawBlock(1)])
    await repo.pins.record(rawBlock(1).cid)
    const local: BlockReader = {
      get: async () => {
        throw new CairnError('UNAVAILABLE', 'closed')
      },
    }
    await expectCode('UNAVAILABLE', () => all(verifyPins({ pins: repo.pins, local })))
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(all(verifyPins(repo, { signal }))).rejects.toBe(signal.reason)
  })

  test('follows a chain of any length', async () => {
    let below = rawBlock(1)
    const chain = [below]
    for (let depth = 0; depth < 5000; depth++) chain.push((below = createBlock(encode([below.cid]), { codec: 0x71 })))
    const repo = await newRepo(chain)
    await repo.pins.record(below.cid)
    const { pins, bad } = await verified(repo)
    expect(pins).toEqual(new Map([[String(below.cid), true]]))
    expect(bad.size).toBe(0)
  })
})

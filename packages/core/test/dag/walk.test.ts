import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { describe, expect, test } from 'vitest'
import { BLOCK_BYTES_MAX, DAG_DEPTH_MAX, READ_AHEAD_BYTES } from '../../src/limits.ts'
import { BlockService, codecByName, createBlock, encodeUnixFS, verifyBlock, walk, type Block } from '../../src/index.ts'
import { all } from '../support/bytes.ts'
import { anyDag, cidAt, naiveWalk, nodeBlock } from '../support/dag.ts'
import { expectCode } from '../support/expect-code.ts'
import { MapStore, rawBlock } from '../support/map-store.ts'

async function readerOf(blocks: readonly Block[]): Promise<BlockService> {
  const store = new MapStore()
  await store.putMany(blocks)
  return new BlockService({ store })
}

describe('walk', () => {
  test('gives every block once, in the order of the plain recursion', async () => {
    await fc.assert(
      fc.asyncProperty(anyDag, async (blocks) => {
        const root = cidAt(blocks, blocks.length - 1)
        const walked = await all(walk(await readerOf(blocks), root))
        expect(walked.map(({ cid }) => cid.toString())).toEqual(naiveWalk(blocks, root).map(String))
        for (const { cid, bytes } of walked) {
          expect(bytes).toBe(blocks.find((block) => block.cid.equals(cid))?.bytes.length)
        }
        for (const [index, { parent }] of walked.entries()) {
          const before = walked.slice(0, index).map(({ cid }) => cid.toString())
          if (parent === undefined) expect(index).toBe(0)
          else expect(before).toContain(parent.toString())
        }
      }),
    )
  })

  test('finishes where 60 shared nodes make 2^60 paths', async () => {
    const blocks = [rawBlock(0)]
    for (let level = 0; level < 60; level++) blocks.push(nodeBlock([cidAt(blocks, level), cidAt(blocks, level)], level))
    expect(await all(walk(await readerOf(blocks), cidAt(blocks, 60)))).toHaveLength(61)
  })

  test('goes further down than DAG_DEPTH_MAX, with leaves before the next node or behind it', async () => {
    const leaf = rawBlock(0)
    const beside = [(next: CID) => [next], (next: CID) => [leaf.cid, next], (next: CID) => [next, leaf.cid]]
    const length = DAG_DEPTH_MAX + 100
    for (const linksTo of beside) {
      const blocks = [leaf]
      for (let level = 0; level < length; level++) blocks.push(nodeBlock(linksTo(cidAt(blocks, level)), level))
      expect(await all(walk(await readerOf(blocks), cidAt(blocks, length)))).toHaveLength(length + 1)
    }
  })

  test('enters the nodes inside identity CIDs', async () => {
    const leaf = rawBlock(1)
    const inner = nodeBlock([leaf.cid])
    const identity = CID.createV1(inner.cid.code, createDigest(0, Uint8Array.from(inner.bytes)))
    const walked = await all(walk(await readerOf([leaf]), verifyBlock(identity, inner.bytes).cid))
    expect(walked.map(({ cid }) => cid.toString())).toEqual([identity, leaf.cid].map(String))
  })

  test('tells the same bytes apart as a leaf and as a node', async () => {
    const leaf = rawBlock(1)
    const node = nodeBlock([leaf.cid])
    const root = nodeBlock([CID.createV1(0x55, node.cid.multihash), node.cid])
    const walked = await all(walk(await readerOf([leaf, node, root]), root.cid))
    expect(walked).toHaveLength(4)
  })

  test('does not read leaves that are visited otherwise, and skips what was seen', async () => {
    const [leaf, other] = [rawBlock(1), rawBlock(2)]
    const root = nodeBlock([leaf.cid, other.cid])
    const visited: CID[] = []
    const seen = new Set<string>()
    const options = { seen, visitLeaf: async (cid: CID) => void visited.push(cid) }
    const reader = await readerOf([root])
    const walked = await all(walk(reader, root.cid, options))
    expect(walked.map(({ bytes }) => bytes)).toEqual([root.bytes.length, undefined, undefined])
    expect(visited).toEqual([leaf.cid, other.cid])
    expect(await all(walk(reader, root.cid, options))).toEqual([])
  })

  test('stops at what is missing or does not decode, after what comes before it', async () => {
    const broken = createBlock(Uint8Array.of(0xff), { codec: codecByName('dag-cbor') })
    for (const [bad, code] of [
      [rawBlock(9), 'NOT_FOUND'],
      [broken, 'INVALID'],
    ] as const) {
      const root = nodeBlock([rawBlock(1).cid, bad.cid, rawBlock(2).cid])
      const reader = await readerOf([rawBlock(1), rawBlock(2), broken, root])
      const met: string[] = []
      await expectCode(code, async () => {
        for await (const { cid } of walk(reader, root.cid)) met.push(cid.toString())
      })
      expect(met).toEqual([root.cid, rawBlock(1).cid].map(String))
    }
  })

  test('leaves out what another DAG has in the same place, and nothing else that this one has alone', async () => {
    await fc.assert(
      fc.asyncProperty(anyDag, fc.nat(100), fc.nat(100), async (blocks, one, other) => {
        const [root, except] = [cidAt(blocks, one % blocks.length), cidAt(blocks, other % blocks.length)]
        const met = (await all(walk(await readerOf(blocks), root, { except }))).map(({ cid }) => cid.toString())
        const below = new Set(naiveWalk(blocks, except).map(String))
        const reachable = new Set(naiveWalk(blocks, root).map(String))
        expect(new Set(met).size).toBe(met.length)
        expect(met.every((cid) => reachable.has(cid))).toBe(true)
        expect([...reachable].filter((cid) => !below.has(cid) && !met.includes(cid))).toEqual([])
      }),
    )
  })

  test('pairs links by name where they have one, else by position, and reads no more than what differs', async () => {
    const file = (numbers: readonly number[]) => nodeBlock(numbers.map((number) => rawBlock(number).cid))
    const folder = (entries: Readonly<Record<string, Block>>) => {
      const links = Object.entries(entries).map(([Name, { cid }]) => ({ Hash: cid, Name, Tsize: 1 }))
      return createBlock(encodeUnixFS({ type: 'directory', data: new Uint8Array(0), blockSizes: [] }, links), {
        codec: codecByName('dag-pb'),
      })
    }
    const [same, old, grown] = [file([1, 2]), file([3, 4]), file([3, 4, 5])]
    const oldFolder = folder({ b: same, c: old })
    const newFolder = folder({ a: same, b: same, c: grown })
    // Neither what is shared nor its leaves are there, so to look at them would fail.
    const reader = await readerOf([old, grown, oldFolder, newFolder, rawBlock(5)])
    const met = await all(walk(reader, newFolder.cid, { except: oldFolder.cid }))
    expect(met.map(({ cid }) => cid.toString())).toEqual([newFolder, grown, rawBlock(5)].map(({ cid }) => String(cid)))
    expect(await all(walk(reader, newFolder.cid, { except: newFolder.cid }))).toEqual([])
  })

  test('goes on after what cannot be read, and tells of it once, in order', async () => {
    const broken = createBlock(Uint8Array.of(0xff), { codec: codecByName('dag-cbor') })
    const missing = nodeBlock([rawBlock(7).cid])
    const inner = nodeBlock([missing.cid, broken.cid], 1)
    const root = nodeBlock([inner.cid, rawBlock(1).cid, missing.cid])
    const told: string[] = []
    const onUnreadable = (cid: CID, { code }: { readonly code: string }) => void told.push(`${code} ${cid}`)
    const reader = await readerOf([broken, inner, root, rawBlock(1)])
    expect(await all(walk(reader, root.cid, { onUnreadable }))).toHaveLength(5)
    expect(told).toEqual([`NOT_FOUND ${missing.cid}`, `INVALID ${broken.cid}`])
  })

  test('holds no more leaves in flight than the window has bytes for, where links tell their size', async () => {
    const size = BLOCK_BYTES_MAX
    const leaves = Array.from({ length: 200 }, (_, index) => rawBlock(index))
    const links = leaves.map(({ cid }) => ({ Hash: cid, Name: '', Tsize: size }))
    const data = {
      type: 'file',
      data: new Uint8Array(0),
      blockSizes: leaves.map(() => size),
      fileSize: size * leaves.length,
    } as const
    const root = createBlock(encodeUnixFS(data, links), { codec: codecByName('dag-pb') })
    let running = 0
    let most = 0
    const visitLeaf = async () => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
    }
    expect(await all(walk(await readerOf([root]), root.cid, { visitLeaf }))).toHaveLength(201)
    expect(most).toBeLessThanOrEqual(READ_AHEAD_BYTES / size + 1)
    expect(most).toBeGreaterThan(4)
  })
})

// What asBlockstore promises beyond the published suite, which runs in test/interop.
import { MemoryStore, openLevelStore } from '@cairn/blockstore'
import { createBlock, RAW_CODE, type Block } from '@cairn/core'
import { asBlockstore } from '@cairn/stores'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { describe, expect, it } from 'vitest'
import { tempFolder } from './temp-folder.ts'

const block = createBlock(utf8('stone'), { codec: RAW_CODE })
const absent = createBlock(utf8('absent'), { codec: RAW_CODE })

describe('asBlockstore', () => {
  it('keeps what was put, in pieces too, and gives it in one', async () => {
    const store = asBlockstore(new MemoryStore())
    await store.put(block.cid, [utf8('st'), utf8('one')])
    expect(await Array.fromAsync(store.get(block.cid))).toEqual([block.bytes])
  })

  it('takes no bytes that do not hash to the CID', async () => {
    const inner = new MemoryStore()
    const store = asBlockstore(inner)
    const lie = { cid: block.cid, bytes: absent.bytes }
    await expectFailure(store.put(lie.cid, lie.bytes), 'PutFailedError', 'CORRUPT')
    await expectFailure(Array.fromAsync(store.putMany([lie])), 'PutFailedError', 'CORRUPT')
    expect(await inner.stat()).toEqual({ blocks: 0, bytes: 0 })
  })

  it('takes no hash that it cannot check, and no block above 2 MiB, however it comes', async () => {
    const store = asBlockstore(new MemoryStore())
    const sha1 = CID.createV1(RAW_CODE, createDigest(0x11, new Uint8Array(20)))
    await expectFailure(store.put(sha1, block.bytes), 'PutFailedError', 'UNSUPPORTED')
    await expectFailure(store.put(block.cid, new Uint8Array(2 * 1024 * 1024 + 1)), 'PutFailedError', 'LIMIT')
    const endless = (function* () {
      for (;;) yield new Uint8Array(65_536)
    })()
    await expectFailure(store.put(block.cid, endless), 'PutFailedError', 'LIMIT')
  })

  it('names what is missing, and what failed', async () => {
    const inner = new MemoryStore()
    const store = asBlockstore(inner)
    await expectFailure(Array.fromAsync(store.get(absent.cid)), 'NotFoundError', 'NOT_FOUND')
    await expectFailure(Array.fromAsync(store.getMany([absent.cid])), 'NotFoundError', 'NOT_FOUND')
    await inner.close()
    await expectFailure(Array.fromAsync(store.get(block.cid)), 'GetFailedError', 'UNAVAILABLE')
    await expectFailure(Array.fromAsync(store.getAll()), 'GetFailedError', 'UNAVAILABLE')
    await expectFailure(store.has(block.cid), 'HasFailedError', 'UNAVAILABLE')
    await expectFailure(store.put(block.cid, block.bytes), 'PutFailedError', 'UNAVAILABLE')
    await expectFailure(store.delete(block.cid), 'DeleteFailedError', 'UNAVAILABLE')
  })

  it('gives the blocks before a missing one', async () => {
    const store = asBlockstore(new MemoryStore())
    await store.put(block.cid, block.bytes)
    const found: CID[] = []
    const read = async () => {
      for await (const { cid } of store.getMany([block.cid, absent.cid])) found.push(cid)
    }
    await expectFailure(read(), 'NotFoundError', 'NOT_FOUND')
    expect(found).toEqual([block.cid])
  })

  it('passes on the reason of an abort as it is', async () => {
    const store = asBlockstore(new MemoryStore())
    const signal = AbortSignal.abort(new RangeError('enough'))
    await expect(store.put(block.cid, block.bytes, { signal })).rejects.toThrow(RangeError)
    await expect(Array.fromAsync(store.putMany([], { signal }))).rejects.toThrow(RangeError)
    await expect(Array.fromAsync(store.get(block.cid, { signal }))).rejects.toThrow(RangeError)
    await expect(store.has(block.cid, { signal })).rejects.toThrow(RangeError)
  })

  it('lists the CIDs without reading a block', async () => {
    const inner = new CountingStore()
    const store = asBlockstore(inner)
    for await (const _ of store.putMany([block, absent]));
    const found = await Array.fromAsync(store.getAll())
    expect(found).toHaveLength(2)
    expect(inner.reads).toBe(0)
    for (const { cid, bytes } of found)
      expect(await Array.fromAsync(bytes)).toEqual([cid.equals(block.cid) ? block.bytes : absent.bytes])
  })

  it('keeps many blocks over a reopen, and deletes them', async () => {
    const blocks = Array.from({ length: 1000 }, (_, index) => createBlock(utf8(`small ${index}`), { codec: RAW_CODE }))
    const folder = await tempFolder()
    const first = await openLevelStore(folder)
    const cids = await Array.fromAsync(asBlockstore(first).putMany(blocks))
    expect(cids.map(String)).toEqual(blocks.map(({ cid }) => String(cid)))
    await first.close()
    const second = await openLevelStore(folder)
    const pairs = await Array.fromAsync(asBlockstore(second).getMany(cids))
    expect(await Promise.all(pairs.map(({ bytes }) => Array.fromAsync(bytes)))).toEqual(
      blocks.map(({ bytes }) => [bytes]),
    )
    expect(await Array.fromAsync(asBlockstore(second).deleteMany(cids))).toHaveLength(1000)
    expect((await second.stat()).blocks).toBe(0)
    await second.close()
  })
})

/** Counts how often block bytes are asked for. */
class CountingStore extends MemoryStore {
  reads = 0

  override getMany(cids: readonly CID[]): Promise<(Block | undefined)[]> {
    this.reads++
    return super.getMany(cids)
  }
}

async function expectFailure(work: unknown, name: string, code: string): Promise<void> {
  await expect(work).rejects.toMatchObject({ name, cause: { code } })
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

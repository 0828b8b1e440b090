// What asDatastore promises beyond the published suite, which runs in test/interop.
import { MemoryKeyValueStore, openLevelKeyValueStore } from '@cairn/blockstore'
import type { KeyValueChange, KeyValueStore } from '@cairn/core'
import { asDatastore } from '@cairn/stores'
import fc from 'fast-check'
import { Key } from 'interface-datastore/key'
import { describe, expect, it } from 'vitest'
import { tempFolder } from './temp-folder.ts'

const settings = { namespace: 'helia' }
const one = Uint8Array.of(1)

describe('asDatastore', () => {
  it('takes keys of any bytes, and lists them in the order of their bytes', async () => {
    const anyKey = fc
      .uint8Array({ minLength: 1, maxLength: 12 })
      .map((bytes) => new Key(Buffer.concat([Buffer.from('/'), bytes]), false))
    await fc.assert(
      fc.asyncProperty(fc.array(anyKey, { maxLength: 20 }), async (keys) => {
        const store = asDatastore(new MemoryKeyValueStore(), settings)
        for await (const _ of store.putMany(keys.map((key) => ({ key, value: key.uint8Array() }))));
        for (const key of keys) expect(await store.get(key)).toEqual(key.uint8Array())
        const listed = await Array.fromAsync(store.query({}))
        expect(listed.map(({ value }) => hex(value))).toEqual(
          [...new Set(keys.map((key) => hex(key.uint8Array())))].toSorted(),
        )
        for (const { key, value } of listed) expect(hex(key.uint8Array())).toBe(hex(value))
      }),
    )
  })

  it('finds by prefix what begins with it as text does', async () => {
    const store = asDatastore(new MemoryKeyValueStore(), settings)
    for (const name of ['/stone', '/stones/a', '/Größe/b', '/z']) await store.put(new Key(name), one)
    const found = async (prefix?: string) =>
      (await Array.fromAsync(store.queryKeys(prefix === undefined ? {} : { prefix }))).map(String)
    expect(await found('/stone')).toEqual(['/stone', '/stones/a'])
    expect(await found('/Grö')).toEqual(['/Größe/b'])
    expect(await found('stone')).toEqual([])
    expect(await found('')).toHaveLength(4)
    expect(await found()).toHaveLength(4)
  })

  it('keeps users of one repo apart, and from its own records', async () => {
    const records = new MemoryKeyValueStore()
    await records.batch([{ key: 'pin/x', value: one }])
    const [first, second] = [asDatastore(records, { namespace: 'a' }), asDatastore(records, { namespace: 'a-b' })]
    await first.put(new Key('/k'), one)
    await second.put(new Key('/k'), Uint8Array.of(2))
    expect(await Array.fromAsync(first.query({}))).toEqual([{ key: new Key('/k'), value: one }])
    await first.delete(new Key('/k'))
    expect(await second.get(new Key('/k'))).toEqual(Uint8Array.of(2))
    expect(await records.get('pin/x')).toEqual(one)
    expect(await records.get('datastore/a-b/k')).toEqual(Uint8Array.of(2))
    expect(() => asDatastore(records, { namespace: 'a/b' })).toThrow(TypeError)
  })

  it('applies a batch in one change, and together with what waits beside it', async () => {
    const records = new CountingRecords()
    const store = asDatastore(records, settings)
    const batch = store.batch()
    for (let index = 0; index < 100; index++) batch.put(new Key(`/k${index}`), one)
    batch.delete(new Key('/k7'))
    await batch.commit()
    expect(records.batches).toBe(1)
    expect(await store.has(new Key('/k7'))).toBe(false)
    await Promise.all(Array.from({ length: 100 }, (_, index) => store.put(new Key(`/p${index}`), one)))
    expect(records.batches).toBeLessThanOrEqual(3)
  })

  it('lets the later of two changes win, however close they are', async () => {
    const store = asDatastore(new MemoryKeyValueStore(), settings)
    const key = new Key('/k')
    await Promise.all([store.put(key, one), store.delete(key), store.put(key, Uint8Array.of(3))])
    expect(await store.get(key)).toEqual(Uint8Array.of(3))
  })

  it('names what is missing, and what failed', async () => {
    const records = new MemoryKeyValueStore()
    const store = asDatastore(records, settings)
    await expectFailure(store.get(new Key('/k')), 'NotFoundError', 'NOT_FOUND')
    await records.close()
    await expectFailure(store.put(new Key('/k'), one), 'PutFailedError', 'UNAVAILABLE')
    await expectFailure(store.delete(new Key('/k')), 'DeleteFailedError', 'UNAVAILABLE')
    await expectFailure(Array.fromAsync(store.query({})), 'GetFailedError', 'UNAVAILABLE')
  })

  it('keeps large values over a reopen', async () => {
    const folder = await tempFolder()
    const value = new Uint8Array(3_000_000).fill(7)
    await withRecords(
      folder,
      async (records) => void (await asDatastore(records, settings).put(new Key('/large'), value)),
    )
    await withRecords(folder, async (records) => {
      expect(hex(await asDatastore(records, settings).get(new Key('/large')))).toBe(hex(value))
    })
  })

  it('orders, then leaves out, then limits', async () => {
    const store = asDatastore(new MemoryKeyValueStore(), settings)
    for (const name of ['/a', '/b', '/c', '/d']) await store.put(new Key(name), one)
    const picked = async (limit: number, offset: number) =>
      (await Array.fromAsync(store.queryKeys({ orders: [(a, b) => (a.less(b) ? 1 : -1)], limit, offset }))).map(String)
    expect(await picked(2, 1)).toEqual(['/c', '/b'])
    expect(await picked(0, 0)).toEqual([])
    expect(await picked(9, 3)).toEqual(['/a'])
  })
})

/** Counts the changes that are made at once. */
class CountingRecords extends MemoryKeyValueStore {
  batches = 0

  override batch(changes: readonly KeyValueChange[]): Promise<void> {
    this.batches++
    return super.batch(changes)
  }
}

async function withRecords(folder: string, use: (records: KeyValueStore) => Promise<void>): Promise<void> {
  const records = await openLevelKeyValueStore(folder)
  try {
    await use(records)
  } finally {
    await records.close()
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

async function expectFailure(work: unknown, name: string, code: string): Promise<void> {
  await expect(work).rejects.toMatchObject({ name, cause: { code } })
}

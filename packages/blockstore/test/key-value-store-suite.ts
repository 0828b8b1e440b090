// What every key-value store must do. A new backend's test calls this with a way to open an empty store.
import type { KeyValueStore } from '@cairn/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

/** Opens an empty store; the suite closes it. */
export type OpenKeyValueStore = () => Promise<KeyValueStore>

const value = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Runs the conformance tests of `KeyValueStore` over what `open` gives. */
export function keyValueStoreSuite(name: string, open: OpenKeyValueStore): void {
  describe(`key-value store: ${name}`, () => {
    let store: KeyValueStore
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())

    testRecords(() => store)
    testListing(() => store)

    test('after closing everything is unavailable', async () => {
      await store.close()
      await expect(store.get('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      await expect(store.batch([])).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      await expect(keysOf(store, '')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    })
  })
}

function testRecords(store: () => KeyValueStore): void {
  test('puts, replaces and deletes', async () => {
    await store().batch([
      { key: 'a', value: value('1') },
      { key: 'b', value: new Uint8Array() },
    ])
    expect(await store().get('a')).toEqual(value('1'))
    expect(await store().get('b')).toEqual(new Uint8Array())
    await store().batch([
      { key: 'a', value: value('2') },
      { key: 'b', value: undefined },
      { key: 'never there', value: undefined },
    ])
    expect(await store().get('a')).toEqual(value('2'))
    expect(await store().get('b')).toBeUndefined()
  })

  test('the last change of a key counts, within a batch and among batches', async () => {
    await store().batch([
      { key: 'a', value: value('1') },
      { key: 'a', value: value('2') },
    ])
    expect(await store().get('a')).toEqual(value('2'))
    await Promise.all(
      Array.from({ length: 50 }, (_, count) => store().batch([{ key: 'a', value: value(String(count)) }])),
    )
    expect(await store().get('a')).toEqual(value('49'))
  })

  test('refuses text that has no UTF-8, and then changes nothing', async () => {
    const changes = [
      { key: 'a', value: value('1') },
      { key: '\ud800', value: value('2') },
    ]
    await expect(store().batch(changes)).rejects.toBeInstanceOf(TypeError)
    expect(await store().get('a')).toBeUndefined()
  })
}

function testListing(store: () => KeyValueStore): void {
  test('lists a prefix in the order of UTF-8 bytes', async () => {
    const keys = ['p/z', 'p/\uff5e', 'p/\u{1f600}', 'p/', 'p', 'p0', 'q/a', 'p/\ufeffa', 'p/a/b', '\u{10ffff}']
    await store().batch(keys.map((key) => ({ key, value: value(key) })))
    expect(await keysOf(store(), 'p/')).toEqual(['p/', 'p/a/b', 'p/z', 'p/\ufeffa', 'p/\uff5e', 'p/\u{1f600}'])
    expect(await keysOf(store(), 'q/a')).toEqual(['q/a'])
    expect(await keysOf(store(), 'none')).toEqual([])
    expect(await keysOf(store(), '')).toHaveLength(keys.length)
    expect((await keysOf(store(), '')).at(-1)).toBe('\u{10ffff}')
  })

  test('a listing shows the records as they were when it began', async () => {
    const keys = Array.from({ length: 3000 }, (_, count) => `k${String(count).padStart(4, '0')}`)
    await store().batch(keys.map((key) => ({ key, value: value('old') })))
    const listing = store().list('k')[Symbol.asyncIterator]()
    const first = await listing.next()
    await store().batch([...keys.map((key) => ({ key, value: undefined })), { key: 'k9999', value: value('new') }])
    const rest: string[] = []
    for (let next = await listing.next(); next.done !== true; next = await listing.next()) rest.push(next.value[0])
    expect([first.value?.[0], ...rest]).toEqual(keys)
    expect(await keysOf(store(), '')).toEqual(['k9999'])
  })
}

function keysOf(store: KeyValueStore, prefix: string): Promise<string[]> {
  return Array.fromAsync(store.list(prefix), ([key]) => key)
}

// Pins whose records do not decode: the others are listed, nothing is collected, and each can be dropped or pinned again.
import { expect, test } from 'vitest'
import { BlockService, collect, isCairnError, Pins } from '../../src/index.ts'
import { pinKey } from '../../src/pins/pin-record.ts'
import { nodeBlock } from '../support/dag.ts'
import { expectCode } from '../support/expect-code.ts'
import { MapRecords } from '../support/map-records.ts'
import { MapStore, rawBlock } from '../support/map-store.ts'

const leaf = rawBlock(1)
const roots = [nodeBlock([leaf.cid]), nodeBlock([leaf.cid, leaf.cid]), nodeBlock([leaf.cid, leaf.cid, leaf.cid])]
const loose = rawBlock(2)

/** Three recursive pins, of which the first one's record does not decode. */
async function harmed() {
  const [store, records] = [new MapStore(), new MapRecords()]
  const blocks = new BlockService({ store })
  const pins = new Pins({ records, blocks })
  await store.putMany([leaf, loose, ...roots])
  for (const { cid } of roots) await pins.add(cid, { name: 'a' })
  const cids = roots.map(({ cid }) => cid).toSorted((a, b) => (pinKey(a) < pinKey(b) ? -1 : 1))
  const [bad, ...sound] = cids
  if (bad === undefined) throw new TypeError('there are roots')
  await records.batch([{ key: pinKey(bad), value: Uint8Array.of(0xff) }])
  return { store, records, blocks, pins, bad, sound }
}

test('the others are listed before the failure, which names the key', async () => {
  const { pins, bad, sound } = await harmed()
  const listed: string[] = []
  const failure = await (async () => {
    for await (const { cid } of pins.list()) listed.push(String(cid))
  })().catch((error: unknown) => error)
  expect(listed).toEqual(sound.map(String))
  expect(isCairnError(failure, 'CORRUPT') && failure.message.includes(pinKey(bad))).toBe(true)
  await expectCode('CORRUPT', () => pins.get(bad))
  expect(await pins.keepersOf(sound)).toMatchObject([{ type: 'recursive' }, { type: 'recursive' }])
})

test('nothing is collected until it is pinned again or dropped', async () => {
  const { store, blocks, pins, bad, sound } = await harmed()
  const gc = () => Array.fromAsync(collect({ store, pins, local: blocks }))
  await expectCode('CORRUPT', gc)
  expect(await store.hasMany([loose.cid, bad])).toEqual([true, true])
  await expectCode('CORRUPT', () => pins.add(bad, { type: 'direct' }))
  await pins.add(bad, { name: 'again' })
  expect(await pins.get(bad)).toEqual({ cid: bad, type: 'recursive', names: ['again'] })
  await gc()
  expect(await store.hasMany([loose.cid, bad, ...sound])).toEqual([false, true, true, true])
})

test('it is unpinned like a recursive pin, but not by a name', async () => {
  const { pins, bad, sound } = await harmed()
  await expectCode('CORRUPT', () => pins.remove(bad, { name: 'a' }))
  await expectCode('CORRUPT', () => pins.remove(bad, { recursive: false }))
  await pins.remove(bad)
  expect(await pins.get(bad)).toBeUndefined()
  expect((await Array.fromAsync(pins.list())).map(({ cid }) => String(cid))).toEqual(sound.map(String))
})

test('all that do not decode are dropped together, whatever their keys', async () => {
  const { records, pins, bad, sound } = await harmed()
  await records.batch([{ key: 'pin/?', value: new Uint8Array() }])
  expect(await pins.dropUnreadable()).toEqual(['pin/?', pinKey(bad)])
  expect(await pins.dropUnreadable()).toEqual([])
  expect((await Array.fromAsync(pins.list())).map(({ cid }) => String(cid))).toEqual(sound.map(String))
})

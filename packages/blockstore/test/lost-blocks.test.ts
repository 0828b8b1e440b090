// What an index that is made anew learns from the one before it: which blocks the log has lost, and which it only seems to have.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { multihashKey } from '@cairn/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openLevelStore } from '../src/index.ts'
import { BlockIndex, openIndexDatabase } from '../src/log/block-index.ts'
import { openBlockLog, type Placed } from '../src/log/block-log.ts'
import { nameLost } from '../src/log/lost-blocks.ts'
import { RecordPrints } from '../src/log/record-prints.ts'
import { seededBlock } from './block-store-suite.ts'
import { folderWith, misplaceRecord } from './closed-store.ts'
import { tempFolder } from './temp-folder.ts'

const blocks = Array.from({ length: 3000 }, (_, seed) => seededBlock(seed, 500))
const cids = blocks.map(({ cid }) => cid)

test('a record that its key does not find is named when the index is made anew, and a put brings its block back', async () => {
  const path = await folderWith(blocks)
  await (await openLevelStore(path)).close()
  const misplaced = await misplaceRecord(path, blocks)
  const store = await openLevelStore(path)
  const named: string[] = []
  await store.rebuildIndex((event) => void (event.kind === 'damaged' && named.push(...event.cids.map(String))))
  expect(named).toEqual([misplaced.cid.toString()])
  expect(await Array.fromAsync(store.damaged(), String)).toEqual(named)
  expect((await store.stat()).blocks).toBe(blocks.length - 1)
  // Nobody has read it before.
  await store.putMany(blocks)
  expect(await store.getMany(cids)).toEqual(blocks)
  await store.close()
})

test('without an index to tell, such a record is found by the first read', async () => {
  const path = await folderWith(blocks)
  await (await openLevelStore(path)).close()
  const misplaced = await misplaceRecord(path, blocks)
  await rm(join(path, 'index'), { recursive: true })
  const store = await openLevelStore(path)
  await expect(store.get(misplaced.cid)).rejects.toMatchObject({ code: 'CORRUPT' })
  await store.putMany([misplaced])
  expect(await store.getMany(cids)).toEqual(blocks)
  await store.close()
})

/** What two indexes have, by the numbers of blocks. */
const entries = fc.dictionary(
  fc.nat(400).map(String),
  fc.record({ isOld: fc.boolean(), isNew: fc.boolean(), isDamaged: fc.boolean() }),
  { maxKeys: 60 },
)

test('exactly those blocks are named that the new index lacks, whatever was noted of the log', async () => {
  const folder = await tempFolder()
  const log = await openBlockLog(join(folder, 'blocks'))
  let round = 0
  await fc.assert(
    fc.asyncProperty(entries, fc.boolean(), async (chosen, areNoted) => {
      const path = join(folder, `${round++}`)
      const databases = [await openIndexDatabase(`${path}o`), await openIndexDatabase(`${path}n`)] as const
      const [old, index] = databases.map((database) => new BlockIndex(database, { id: log.id, sequence: 1 }))
      if (old === undefined || index === undefined) return expect.fail('there are two')
      const places = Object.entries(chosen).map(([seed, of]) => ({ ...of, place: placeOf(Number(seed)) }))
      await index.add(places.flatMap(({ isNew, place }) => (isNew ? [place] : [])))
      await old.add(places.flatMap(({ isOld, isDamaged, place }) => (isOld && !isDamaged ? [place] : [])))
      await old.addLost(places.flatMap(({ isOld, isDamaged, place }) => (isOld && isDamaged ? [place] : [])))
      // As many as there may be, and none when all have to be looked up.
      const prints = new RecordPrints()
      for (const { isNew, place } of areNoted ? places : [])
        if (isNew) prints.add(place.location.sequence, place.multihash, { start: 0, end: place.multihash.length })
      const named: string[] = []
      const last = await nameLost(old, index, {
        log,
        prints,
        onRecovery: (event) =>
          void (event.kind === 'damaged' && named.push(...event.cids.map(({ multihash }) => keyOf(multihash.bytes)))),
      })
      const lost = places.filter(({ isOld, isNew }) => isOld && !isNew)
      const news = lost.filter(({ isDamaged }) => !isDamaged).map(({ place }) => keyOf(place.multihash))
      expect(named.toSorted()).toEqual(news.toSorted())
      expect(last).toBe(Math.max(0, ...lost.map(({ place }) => place.location.sequence)))
      const flagged = places.filter(({ isOld, isNew, isDamaged }) => isOld && isNew && isDamaged)
      const damaged = (await Array.fromAsync(index.allPages()))
        .flat()
        .filter(({ location }) => location.isDamaged === true)
      expect(damaged.map(({ multihash }) => keyOf(multihash)).toSorted()).toEqual(
        [...lost, ...flagged].map(({ place }) => keyOf(place.multihash)).toSorted(),
      )
      await Promise.all(databases.map((database) => database.close()))
    }),
    { numRuns: 40 },
  )
  await log.close()
})

function placeOf(seed: number): Placed {
  return { multihash: seededBlock(seed, 20).cid.multihash.bytes, location: { sequence: seed + 1, size: 20 } }
}

function keyOf(multihash: Uint8Array): string {
  return multihashKey(multihash)
}

test('a record that was met is known by its place and its whole multihash', () => {
  const { multihash, location } = placeOf(5)
  const prints = new RecordPrints()
  prints.add(location.sequence, multihash, { start: 0, end: multihash.length })
  expect(prints.has({ multihash, location })).toBe(true)
  expect(prints.has({ multihash, location: { ...location, sequence: location.sequence + 1 } })).toBe(false)
  for (let bit = 0; bit < multihash.length * 8; bit++) {
    const flipped = multihash.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
    expect(prints.has({ multihash: flipped, location })).toBe(false)
  }
})

import fc from 'fast-check'
import { importer } from 'ipfs-unixfs-importer'
import { describe, expect, test } from 'vitest'
import { importTree, listSorted, type NamedSource } from '../../src/index.ts'
import { EntryList } from '../../src/directory/entry-list.ts'
import { ENTRY_SLAB_BYTES } from '../../src/limits.ts'
import { all } from '../support/bytes.ts'
import { expectCode } from '../support/expect-code.ts'
import { directorySource, fileSource, settingsOf } from '../support/import.ts'
import { anyName, readerOf, TARGET, write } from './hamt-fixtures.ts'

describe('EntryList', () => {
  test('gives back what was put in, of any length and number', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ name: anyName, tsize: fc.maxSafeNat() }), { maxLength: 200 }),
        fc.constantFrom(1, ENTRY_SLAB_BYTES + 1),
        (entries, longest) => {
          const list = new EntryList()
          const given = [...entries, { name: 'n'.repeat(longest), tsize: 1 }]
          for (const { name, tsize } of given) list.add({ name, tsize, cid: TARGET })
          const links = given.map((_, index) => list.link(index))
          expect(links.map(({ name }) => Buffer.from(name).toString())).toEqual(
            given.map(({ name }) => Buffer.from(name).toString()),
          )
          expect(links.map(({ tsize }) => tsize)).toEqual(given.map(({ tsize }) => tsize))
          expect(links.every(({ cid }) => Buffer.compare(cid, TARGET.bytes) === 0)).toBe(true)
        },
      ),
      { numRuns: 30 },
    )
  })

  test('refuses what is no name', async () => {
    for (const name of ['', '.', '..', '/', 'a/b', '\0'])
      await expectCode('INVALID', () => new EntryList().add({ name, cid: TARGET, tsize: 0 }))
  })
})

test('a sorted listing is in the order of the bytes of the names', async () => {
  // By UTF-16 the last two would change places.
  const names = ['B', 'a', 'foo', 'foo-bar', 'foo.txt', '\uFFFD', '\u{10000}']
  for (const directoryBytesMax of [0, 1]) {
    const written = write(names.toReversed(), settingsOf({ directoryBytesMax }))
    const listed = [...(await listSorted(readerOf(written), written.root.cid))]
    expect(listed.map(({ name }) => name)).toEqual(names)
    expect(listed.every(({ cid }) => cid.equals(TARGET))).toBe(true)
  }
})

// The other implementation splits at the same estimates; at other fanouts its prefixes are those of Kubo as well.
test('a directory has the CID that ipfs-unixfs-importer gives it', async () => {
  const estimates = { links: 'links-bytes', block: 'block-bytes' } as const
  const anyFiles = fc.uniqueArray(
    anyName.filter((name) => !/[\uD800-\uDFFF\\]/.test(name)),
    { maxLength: 60, minLength: 1 },
  )
  await fc.assert(
    fc.asyncProperty(
      anyFiles,
      fc.record({
        directoryEstimate: fc.constantFrom('links' as const, 'block' as const),
        directoryBytesMax: fc.constantFrom(1, 300, 1500, 100_000),
        shardFanoutBits: fc.constantFrom(3, 4, 8),
      }),
      async (names, { directoryEstimate, directoryBytesMax, shardFanoutBits }) => {
        const source: NamedSource = {
          name: 'root',
          source: directorySource(Object.fromEntries(names.map((name) => [name, fileSource(Buffer.from(name))]))),
        }
        const settings = settingsOf({ directoryEstimate, directoryBytesMax, shardFanout: 2 ** shardFanoutBits })
        const events = await all(importTree(source, settings))
        const nowhere = { put: <Key>(cid: Key) => cid }
        const others = await all(
          importer(
            names.map((name) => ({ path: name, content: Buffer.from(name) })),
            nowhere,
            {
              cidVersion: 1,
              rawLeaves: true,
              wrapWithDirectory: true,
              shardFanoutBits,
              shardSplitThresholdBytes: directoryBytesMax,
              shardSplitStrategy: estimates[directoryEstimate],
            },
          ),
        )
        expect(events.flatMap((event) => (event.kind === 'entry' ? [event.cid.toString()] : [])).at(-1)).toBe(
          others.at(-1)?.cid.toString(),
        )
      },
    ),
    { numRuns: 60 },
  )
})

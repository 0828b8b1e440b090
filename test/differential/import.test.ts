// Random trees under random settings give the CIDs that ipfs-unixfs-importer gives, and read back as they were.
import { importer } from 'ipfs-unixfs-importer'
import { MemoryBlockstore } from 'blockstore-core'
import fc from 'fast-check'
import { dropBlocks, importTree, type EntryEvent } from '@cairn/core'
import { expect, test } from 'vitest'
import { anySettings, anyTree, candidatesOf, optionsOf, sourceOf, withinOracle } from './random-source.ts'

const isLong = process.env['CAIRN_SLOW'] === '1'
const RUNS = Number(process.env['CAIRN_DIFFERENTIAL'] ?? (isLong ? 20_000 : 150))

test('random trees get the CIDs and sizes of ipfs-unixfs-importer', { timeout: 0 }, async () => {
  await fc.assert(
    fc.asyncProperty(anyTree, anySettings, async (anything, settings) => {
      const tree = withinOracle(anything, settings)
      const ours = new Map<string, string>()
      for await (const event of dropBlocks(importTree({ name: 'root', source: sourceOf(tree) }, settings))) {
        if (event.kind === 'entry') ours.set(event.path, resultOf(event))
      }
      const theirs = new Map<string, string>()
      const results = importer(candidatesOf(tree, 'root'), new MemoryBlockstore(), optionsOf(settings))
      for await (const { path = '', cid, size } of results) theirs.set(path, `${cid} ${size}`)
      for (const [path, result] of theirs) expect([path, ours.get(path)]).toEqual([path, result])
      expect(theirs.has('root')).toBe(true)
    }),
    { numRuns: RUNS },
  )
})

function resultOf({ cid, tsize }: EntryEvent): string {
  return `${cid} ${tsize}`
}

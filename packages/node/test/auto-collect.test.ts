// Collections that nobody asked for must not end the process when they cannot run.
import { MemoryKeyValueStore } from '@cairn/blockstore'
import { CairnError } from '@cairn/core'
import { expect, test } from 'vitest'
import { AutoCollect } from '../src/auto-collect.ts'

const LIMIT = { bytesMax: 100, watermarkBytes: 90, targetBytes: 80, periodMs: 1 }

test("a look that fails is nobody's failure, and is tried again", async () => {
  const looks = Promise.withResolvers<void>()
  let count = 0
  const parts = {
    store: {
      diskBytes: async (): Promise<number> => {
        if (++count === 3) looks.resolve()
        throw new CairnError('UNAVAILABLE', 'Cannot measure: the test says so')
      },
    },
    records: new MemoryKeyValueStore(),
    collect: () => expect.fail('there is nothing to collect'),
  }
  const auto = new AutoCollect(parts, LIMIT)
  await looks.promise
  await auto.close()
  expect(count).toBeGreaterThanOrEqual(3)
})

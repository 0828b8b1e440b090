// Collections that nobody asked for must not end the process when they cannot run.
import { MemoryKeyValueStore } from '@cairn/blockstore'
import { CairnError, type CollectEvent, type SweepOptions } from '@cairn/core'
import { expect, test } from 'vitest'
import { AutoCollect } from '../../src/storage/auto-collect.ts'

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
    roomBytes: async () => Infinity,
  }
  const auto = new AutoCollect(parts, LIMIT)
  await looks.promise
  await auto.close()
  expect(count).toBeGreaterThanOrEqual(3)
})

test('where the disk has less room than the limit, it says when to collect, and how far down', async () => {
  let usedBytes = 50
  const targets: (number | undefined)[] = []
  const parts = {
    store: { diskBytes: async () => usedBytes },
    records: new MemoryKeyValueStore(),
    collect: async function* ({ downToBytes }: SweepOptions): AsyncGenerator<CollectEvent> {
      targets.push(downToBytes)
      usedBytes = downToBytes ?? 0
      yield { kind: 'freed', bytes: 8 }
    },
    roomBytes: async () => 3,
  }
  const auto = new AutoCollect(parts, { bytesMax: 1000, watermarkBytes: 900, targetBytes: 800, periodMs: 0 })
  await auto.withRoom([], async () => undefined)
  await auto.settled()
  await auto.close()
  expect(targets).toEqual([42])
})

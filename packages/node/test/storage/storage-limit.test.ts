// A repo with a limit: what does not fit is refused, what nobody keeps makes room, and tidying up always works.
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createBlock, isCairnError, PROFILES, RAW_CODE, type CollectEvent, type EntryEvent } from '@cairn/core'
import { MemoryKeyValueStore } from '@cairn/blockstore'
import { expect, onTestFinished, test } from 'vitest'
import { AutoCollect } from '../../src/storage/auto-collect.ts'
import { openNode, type Node } from '../../src/node.ts'
import { createRepo } from '../../src/repo.ts'
import { tempFolder } from '../temp-folder.ts'

const MB = 1_000_000
const FILE_BYTES = 1.5 * MB
const MAX_BYTES = 10 * MB

async function limitedRepo(): Promise<string> {
  const path = join(await tempFolder(), 'repo')
  await createRepo(path, 'test')
  const config: object = JSON.parse(await readFile(join(path, 'config'), 'utf8'))
  await writeFile(
    join(path, 'config'),
    JSON.stringify({ ...config, Datastore: { StorageMax: '10MB', GCPeriod: '0s' } }),
  )
  return path
}

async function opened(path: string): Promise<Node> {
  const node = await openNode(path)
  onTestFinished(() => node.close())
  return node
}

async function addRandom(node: Node, pin: boolean): Promise<EntryEvent['cid']> {
  const source = {
    kind: 'file',
    content: async function* () {
      yield randomBytes(FILE_BYTES)
    },
  } as const
  let root: EntryEvent['cid'] | undefined
  for await (const event of node.add({ name: 'random', source }, { settings: PROFILES['unixfs-v1-2025'], pin }))
    if (event.kind === 'entry') root = event.cid
  return root ?? expect.fail('an import ends with its root')
}

async function fillPinned(node: Node): Promise<EntryEvent['cid'][]> {
  const roots: EntryEvent['cid'][] = []
  for (;;) {
    try {
      roots.push(await addRandom(node, true))
    } catch (error) {
      expect(isCairnError(error, 'LIMIT')).toBe(true)
      return roots
    }
  }
}

test('what nobody keeps makes room for what comes', async () => {
  const node = await opened(await limitedRepo())
  const kept = await addRandom(node, true)
  for (let round = 0; round < 15; round++) {
    await addRandom(node, false)
    expect(await node.store.diskBytes()).toBeLessThan(MAX_BYTES)
  }
  const { bytes, bytesMax } = await node.size()
  expect(bytesMax).toBe(MAX_BYTES)
  expect(bytes).toBeLessThan(MAX_BYTES + MB)
  expect(await node.store.hasMany([kept])).toEqual([true])
})

test('what is kept is not taken: a full repo refuses, and takes again when something is unpinned and collected', async () => {
  const node = await opened(await limitedRepo())
  const roots = await fillPinned(node)
  expect(roots.length).toBeGreaterThanOrEqual(5)
  expect(await node.store.hasMany(roots)).toEqual(roots.map(() => true))
  await node.pins.remove(roots[0] ?? expect.fail('none'))
  await node.pins.remove(roots[1] ?? expect.fail('none'))
  for await (const _ of node.collect());
  expect(await node.store.hasMany(roots.slice(0, 3))).toEqual([false, false, true])
  await addRandom(node, true)
})

test('a full repo opens, deletes and reads', async () => {
  const path = await limitedRepo()
  const first = await opened(path)
  const [root = expect.fail('none')] = await fillPinned(first)
  await first.close()
  const node = await opened(path)
  expect((await node.blocks.get(root)).cid.equals(root)).toBe(true)
  expect(await node.store.deleteMany([root])).toBe(1)
})

test('a collection in vain is not repeated for each put', async () => {
  let [usedBytes, collections, nowMs] = [95, 0, 0]
  const parts = {
    store: { diskBytes: async () => usedBytes },
    records: new MemoryKeyValueStore(),
    roomBytes: async () => Infinity,
    async *collect(): AsyncGenerator<CollectEvent> {
      collections++
      nowMs += 100
      yield { kind: 'marked', blocks: 1, bytes: 1 }
    },
    now: () => nowMs,
  }
  const limit = { bytesMax: 100, watermarkBytes: 90, targetBytes: 80, periodMs: 0 }
  const look = async (of: AutoCollect) => {
    await of.withRoom([], async () => undefined)
    await of.settled()
    return collections
  }
  const auto = new AutoCollect(parts, limit)
  expect(await look(auto)).toBe(1)
  expect(await look(auto)).toBe(1)
  // Another process knows as well.
  expect(await look(new AutoCollect(parts, limit))).toBe(1)
  usedBytes = 98
  expect(await look(auto)).toBe(2)
  usedBytes = 101
  expect(await look(auto)).toBe(3)
  expect(await look(auto)).toBe(3)
  nowMs += 1000
  expect(await look(auto)).toBe(4)
  // When others have made room, the watermark counts again.
  usedBytes = 50
  expect(await look(new AutoCollect(parts, limit))).toBe(4)
  usedBytes = 91
  expect(await look(new AutoCollect(parts, limit))).toBe(5)
  await auto.close()
})

test('puts side by side that do not fit together wait for a collection', async () => {
  let [usedBytes, collections] = [5000, 0]
  const parts = {
    store: { diskBytes: async () => usedBytes },
    records: new MemoryKeyValueStore(),
    roomBytes: async () => Infinity,
    async *collect({ downToBytes = 0 }): AsyncGenerator<CollectEvent> {
      collections++
      const freed = Math.max(usedBytes - downToBytes, 0)
      usedBytes -= freed
      yield { kind: 'freed', bytes: freed }
    },
  }
  const auto = new AutoCollect(parts, { bytesMax: 10_000, watermarkBytes: 9000, targetBytes: 8000, periodMs: 0 })
  const putOf = (seed: number) =>
    auto.withRoom([createBlock(new Uint8Array(3000).fill(seed), { codec: RAW_CODE })], async () => {
      // Nothing of what is measured tells of the other one before both are stored.
      await new Promise((resolve) => setTimeout(resolve, 10))
      expect((usedBytes += 3000)).toBeLessThanOrEqual(10_000)
    })
  await Promise.all([putOf(1), putOf(2)])
  expect(collections).toBe(1)
  await auto.close()
})

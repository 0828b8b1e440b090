// Pins at scale, by hand: `node --conditions=source test/bench/pins.ts [pins]`. Each line says how long something takes, as
// a ratio to reading the same records without looking at them where there are such, and the most memory so far.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encode } from '@ipld/dag-cbor'
import { MemoryStore, openLevelKeyValueStore } from '@cairn/blockstore'
import { BlockService, codecByName, createBlock, formatCid, Pins, type Block, type KeyValueStore } from '@cairn/core'

const count = Number(process.argv[2] ?? 100_000)
const raw = (text: string): Block => createBlock(new TextEncoder().encode(text), { codec: 0x55 })
const node = (children: readonly Block[]): Block =>
  createBlock(encode(children.map(({ cid }) => cid)), { codec: codecByName('dag-cbor') })

async function timed(name: string, work: () => Promise<unknown>, records?: { store: KeyValueStore; prefix: string }) {
  const referenceMs =
    records === undefined ? undefined : await millisecondsOf(() => drain(records.store.list(records.prefix)))
  const workMs = await millisecondsOf(work)
  const ratio = referenceMs === undefined ? '' : `  ${(workMs / referenceMs).toFixed(1)} × its records alone`
  const memory = Math.round(process.resourceUsage().maxRSS / 1024)
  console.log(`${name.padEnd(66)} ${Math.round(workMs).toString().padStart(7)} ms  ${memory} MiB at most${ratio}`)
}

async function millisecondsOf(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return performance.now() - startedMs
}

async function drain(values: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of values);
}

async function* smallDags(store: MemoryStore): AsyncGenerator<Block> {
  for (let first = 0; first < count; first += 1000) {
    const group: Block[] = []
    for (let index = first; index < Math.min(first + 1000, count); index++) {
      const leaves = Array.from({ length: 4 }, (_, leaf) => raw(`leaf ${index} ${leaf}`))
      const root = node(leaves)
      group.push(root)
      await store.putMany([...leaves, root])
    }
    yield* group
  }
}

const folder = await mkdtemp(join(tmpdir(), 'cairn-bench-'))
try {
  const records = await openLevelKeyValueStore(join(folder, 'meta'))
  const store = new MemoryStore()
  const pins = new Pins({ records, blocks: new BlockService({ store }) })
  const listed = { store: records, prefix: 'pin/' }
  const below = { store: records, prefix: 'below/' }
  const roots = await Array.fromAsync(smallDags(store))
  console.log(
    `${count} pins of 5 blocks each; blocks in memory: ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB before`,
  )
  await timed('record all', () => pins.recordMany(roots))
  await timed(
    'list all, as text',
    async () => {
      for await (const { cid } of pins.list()) formatCid(cid)
    },
    listed,
  )
  const absent = [raw('absent').cid]
  await timed('who keeps an absent CID, first time: lists what is below all', () => pins.keepersOf(absent))
  await timed('who keeps an absent CID, later', () => pins.keepersOf(absent), below)
  await timed(
    'who keeps 1000 CIDs',
    () => pins.keepersOf(Array.from({ length: 1000 }, (_, index) => raw(`leaf ${index} 1`).cid)),
    below,
  )
  await timed('list what is pinned indirectly', () => drain(pins.listIndirect()), below)
  await timed('remove all', async () => {
    for (let first = 0; first < count; first += 1000)
      await Promise.all(roots.slice(first, first + 1000).map(({ cid }) => pins.remove(cid)))
  })
  await timed('pin all, 64 at a time', async () => {
    for (let first = 0; first < count; first += 64)
      await Promise.all(roots.slice(first, first + 64).map(({ cid }) => pins.add(cid)))
  })
  const inner: Block[] = []
  for (let index = 0; index < 10 * (count / 1000); index++) {
    const leaves = Array.from({ length: 1000 }, (_, leaf) => raw(`large ${index} ${leaf}`))
    await store.putMany([...leaves, node(leaves)])
    inner.push(node(leaves))
  }
  const large = node(inner)
  const grown = node([...inner, raw('one more')])
  await store.putMany([large, grown, raw('one more')])
  await timed(`pin one DAG of ${inner.length * 1001 + 1} blocks`, () => pins.add(large.cid))
  await timed('who keeps an absent CID', () => pins.keepersOf(absent), below)
  await timed('list what is pinned indirectly', () => drain(pins.listIndirect()), below)
  await timed('update the large pin to one that has a leaf more', () => pins.update(large.cid, grown.cid))
  await records.close()
} finally {
  await rm(folder, { recursive: true, force: true })
}

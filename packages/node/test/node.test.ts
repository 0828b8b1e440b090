import { join } from 'node:path'
import { PROFILES, type EntryEvent, type ImportSource, type NamedSource, type StoredBlock } from '@cairn/core'
import { expect, onTestFinished, test } from 'vitest'
import { openNode, type Node, type NodeOptions } from '../src/node.ts'
import { createRepo } from '../src/repo.ts'
import { tempFolder } from './temp-folder.ts'

const settings = PROFILES['unixfs-v1-2025']
const LOOPBACK = { online: { listen: ['/ip4/127.0.0.1/tcp/0'] } }

/** A node on a new repo, closed with the test. */
async function newNode(options: NodeOptions = {}): Promise<Node> {
  const path = join(await tempFolder(), 'repo')
  await createRepo(path, 'test')
  const node = await openNode(path, options)
  onTestFinished(() => node.close())
  return node
}

const file = (...pieces: readonly string[]): ImportSource => ({
  kind: 'file',
  async *content() {
    for (const piece of pieces) yield Buffer.from(piece)
  },
})

async function add(node: Node, source: NamedSource, pin?: boolean): Promise<EntryEvent> {
  const options = pin === undefined ? { settings } : { settings, pin }
  const entries = await Array.fromAsync(node.add(source, options))
  const root = entries.findLast((event) => event.kind === 'entry')
  if (root === undefined) throw new Error('nothing was added')
  return root
}

test('what is added is stored and pinned when its entry comes', async () => {
  const node = await newNode()
  for await (const event of node.add({ name: 'f', source: file('content') }, { settings })) {
    if (event.kind !== 'entry') continue
    expect(await node.store.hasMany([event.cid])).toEqual([true])
    expect(await node.pins.get(event.cid)).toMatchObject({ type: 'recursive' })
  }
  expect(await removedBy(node)).toEqual([])
  const loose = await add(node, { name: 'g', source: file('loose') }, false)
  expect((await removedBy(node)).map(({ size }) => size)).toEqual([5])
  expect(await node.store.hasMany([loose.cid])).toEqual([false])
})

test('a collection in the middle of an import takes nothing of it', async () => {
  const node = await newNode()
  const before = await add(node, { name: 'old', source: file('old') }, false)
  async function* entries(): AsyncGenerator<NamedSource> {
    // Stored before, so nothing but the hold protects it once the import has put it again.
    yield { name: 'old', source: file('old') }
    yield { name: 'large', source: file(...Array.from({ length: 20 }, (_, index) => String(index).repeat(1 << 20))) }
    await removedBy(node)
    yield { name: 'last', source: file('last') }
  }
  const root = await add(node, { name: 'root', source: { kind: 'directory', entries } })
  await node.pins.add(root.cid)
  expect(await node.store.hasMany([before.cid, root.cid])).toEqual([true, true])
})

test('an import that ends early pins nothing and lets go of its blocks', async () => {
  const node = await newNode()
  const stop = new AbortController()
  const failing: ImportSource = {
    kind: 'file',
    async *content() {
      yield Buffer.alloc(40 << 20, 1)
      yield Buffer.alloc(1 << 20, 2)
      stop.abort(new Error('stop'))
      yield Buffer.alloc(1 << 20, 3)
    },
  }
  const events = node.add({ name: 'f', source: failing }, { settings, signal: stop.signal })
  await expect(Array.fromAsync(events)).rejects.toThrow('stop')
  expect(await Array.fromAsync(node.pins.list())).toEqual([])
  expect((await removedBy(node)).length).toBeGreaterThan(0)
  expect(await node.store.stat()).toEqual({ blocks: 0, bytes: 0 })
})

test('a node that is offline has no network side', async () => {
  const node = await newNode()
  expect(node.swarm).toBeUndefined()
})

test('blocks come from peers, are kept, and are announced to those who wait', async () => {
  const [one, two] = await Promise.all([newNode(LOOPBACK), newNode(LOOPBACK)])
  const [address = ''] = one.swarm?.host.addresses() ?? []
  await two.swarm?.host.connect(address)
  const root = await add(one, { name: 'f', source: file('content') })
  expect(Buffer.from((await two.blocks.get(root.cid)).bytes).toString()).toBe('content')
  await expect(two.local.get(root.cid)).resolves.toMatchObject({ cid: root.cid })

  const later = await add(await newNode(), { name: 'f', source: file('later') })
  const waiting = two.blocks.get(later.cid)
  await add(one, { name: 'f', source: file('later') })
  expect(Buffer.from((await waiting).bytes).toString()).toBe('later')
  expect(one.swarm?.bitswap.stats().blocksSent).toBeGreaterThanOrEqual(2)
})

test('when the network cannot be opened the repo is free again', async () => {
  const path = join(await tempFolder(), 'repo')
  await createRepo(path, 'test')
  const taken = await newNode(LOOPBACK)
  const listen = (taken.swarm?.host.addresses() ?? []).map((address) => address.replace(/\/p2p\/.*$/, ''))
  await expect(openNode(path, { online: { listen } })).rejects.toMatchObject({ code: 'CONFLICT' })
  await expect(openNode(path, { online: { listen: ['nonsense'] } })).rejects.toMatchObject({ code: 'INVALID' })
  await (await openNode(path)).close()
})

test('a network side that fails to close does not keep the repo', async () => {
  const path = join(await tempFolder(), 'repo')
  await createRepo(path, 'test')
  const node = await openNode(path, LOOPBACK)
  const { swarm } = node
  if (swarm === undefined) throw new Error('the node is online')
  const close = () => swarm.host.close()
  onTestFinished(close)
  Object.assign(swarm, { close: () => Promise.reject(new Error('planted')) })
  await expect(node.close()).rejects.toThrow('planted')
  await (await openNode(path)).close()
})

/** The blocks that a collection removes. */
async function removedBy(node: Node): Promise<StoredBlock[]> {
  const events = await Array.fromAsync(node.collect())
  return events.flatMap((event) => (event.kind === 'removed' ? event.blocks : []))
}

// What a Helia node and a Cairn node ask of each other beyond plain files: sharded directories, other codecs, wants from before
// the block is there, wants that are given up, and either encryption alone.
import { unixfs } from '@helia/unixfs'
import { noise } from '@libp2p/noise'
import { tls } from '@libp2p/tls'
import {
  createBlock,
  encodeValue,
  listDirectory,
  PROFILES,
  RAW_CODE,
  walk,
  type Block,
  type EntryEvent,
  type IpldValue,
  type NamedSource,
} from '@cairn/core'
import { openNode, type Node } from '@cairn/node'
import { CID } from 'multiformats/cid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addFile, joined, randomBytes, readAll } from './content.ts'
import { startHelia } from './helia-peer.ts'
import { newRepo } from './temp-repo.ts'

type Helia = Awaited<ReturnType<typeof startHelia>>

const DAG_CBOR = 0x71
/** As many that a directory is sharded over two levels. */
const NAMES = Array.from({ length: 400 }, (_, index) => `file-${index}`)
const text = (name: string): Uint8Array => new TextEncoder().encode(name)

let node: Node
let helia: Helia

beforeEach(async () => {
  node = await openNode(await newRepo(), { online: {} })
})

afterEach(async () => {
  await Promise.all([helia.stop(), node.close()])
})

async function meet(...encrypters: Parameters<typeof startHelia>[1] & {}): Promise<void> {
  helia = await startHelia({}, encrypters.length === 0 ? undefined : encrypters)
  await node.swarm?.host.connect(String(helia.libp2p.getMultiaddrs()[0]))
}

const signal = (): AbortSignal => AbortSignal.timeout(30_000)
const inHelia = (cid: { toString(): string }): CID => CID.parse(String(cid))

async function heliaGets({ cid }: Block, until: AbortSignal): Promise<Uint8Array> {
  return Uint8Array.from(Buffer.concat(await Array.fromAsync(helia.blockstore.get(inHelia(cid), { signal: until }))))
}

describe.each([
  ['TLS alone', [tls()]],
  ['Noise alone', [noise()]],
])('over %s', (_, encrypters) => {
  it('files go both ways', async () => {
    await meet(...encrypters)
    for (const size of [1, 300_000, 3_000_001]) {
      const theirs = randomBytes(size, size)
      const ours = randomBytes(size, size + 1)
      const cid = await unixfs(helia).addBytes(theirs, { profile: 'unixfs-v0-2015' })
      expect(Buffer.compare(await readAll(node.blocks, cid, signal()), theirs)).toBe(0)
      const got = await joined(unixfs(helia).cat(await addFile(node, ours), { signal: signal() }))
      expect(Buffer.compare(got, ours)).toBe(0)
    }
  })
})

it('a directory that Helia has sharded is listed and read by Cairn', async () => {
  await meet()
  const candidates = NAMES.map((name) => ({ path: name, content: text(name) }))
  const options = { wrapWithDirectory: true, shardSplitThresholdBytes: 1 }
  const root = (await Array.fromAsync(unixfs(helia).addAll(candidates, options))).at(-1)
  if (root === undefined) throw new TypeError('an import ends with its root')
  const entries = await Array.fromAsync(listDirectory(node.blocks, root.cid, { signal: signal() }))
  expect(entries.map(({ name }) => name).toSorted()).toEqual(NAMES.toSorted())
  const some = entries.find(({ name }) => name === 'file-7')
  if (some === undefined) throw new TypeError('no such entry')
  expect(await readAll(node.blocks, some.cid, signal())).toEqual(text('file-7'))
})

it('a directory that Cairn has sharded is listed and read by Helia', async () => {
  await meet()
  const settings = { ...PROFILES['unixfs-v1-2025'], directoryBytesMax: 1 }
  const entries = async function* (): AsyncGenerator<NamedSource> {
    for (const name of NAMES) {
      const content = async function* () {
        yield text(name)
      }
      yield { name, source: { kind: 'file', content } }
    }
  }
  let root: EntryEvent | undefined
  for await (const event of node.add({ name: 'tree', source: { kind: 'directory', entries } }, { settings }))
    if (event.kind === 'entry') root = event
  if (root === undefined) throw new TypeError('an import ends with its root')
  const fs = unixfs(helia)
  const listed = await Array.fromAsync(fs.ls(inHelia(root.cid), { signal: signal() }))
  expect(new Set(listed.map(({ name }) => name))).toEqual(new Set(NAMES))
  expect(await joined(fs.cat(inHelia(root.cid), { path: 'file-7', signal: signal() }))).toEqual(text('file-7'))
})

it('a dag-cbor DAG goes both ways, its raw leaf as well', async () => {
  await meet()
  const leaf = createBlock(randomBytes(1000, 1), { codec: RAW_CODE })
  const root = createBlock(encodeValue('dag-cbor', new Map<string, IpldValue>([['leaf', leaf.cid]])), {
    codec: DAG_CBOR,
  })
  for (const { cid, bytes } of [leaf, root]) await helia.blockstore.put(inHelia(cid), bytes)
  const walked = await Array.fromAsync(walk(node.blocks, root.cid, { signal: signal() }))
  expect(walked.map(({ cid }) => String(cid))).toEqual([root, leaf].map(({ cid }) => String(cid)))
  const other = createBlock(encodeValue('dag-cbor', [leaf.cid, 7]), { codec: DAG_CBOR })
  await node.blocks.putMany([other])
  expect(await heliaGets(other, signal())).toEqual(other.bytes)
})

it('a want from before the block is there is served once Cairn has it', async () => {
  await meet()
  const block = createBlock(randomBytes(5000, 9), { codec: RAW_CODE })
  const got = heliaGets(block, signal())
  const peer = helia.libp2p.peerId.toString()
  await expect.poll(() => node.swarm?.bitswap.wantsOf(peer).map(String)).toEqual([String(block.cid)])
  await node.blocks.putMany([block])
  expect(await got).toEqual(block.bytes)
  await expect.poll(() => node.swarm?.bitswap.wantsOf(peer)).toEqual([])
})

it('a want from before the block is there is served by Helia once Cairn asks again', async () => {
  await meet()
  const block = createBlock(randomBytes(5000, 10), { codec: RAW_CODE })
  // Helia tells its peers of a block before it has stored it, and so serves it to nobody until it is asked again.
  const got = node.blocks.get(block.cid, { signal: AbortSignal.timeout(50_000) })
  await expect.poll(() => node.swarm?.bitswap.isLacked(block.cid)).toBe(true)
  await helia.blockstore.put(inHelia(block.cid), block.bytes)
  expect((await got).bytes).toEqual(block.bytes)
})

it('a want that Cairn gives up is withdrawn, and one of Helia ends with the connection', async () => {
  await meet()
  const block = createBlock(randomBytes(5000, 11), { codec: RAW_CODE })
  const before = node.swarm?.bitswap.stats().messagesSent ?? 0
  const abort = new AbortController()
  const waiting = node.blocks.get(block.cid, { signal: abort.signal })
  await expect.poll(() => node.swarm?.bitswap.isLacked(block.cid)).toBe(true)
  abort.abort()
  await expect(waiting).rejects.toThrow()
  // The want and its CANCEL, after which Helia has nothing to serve.
  await expect.poll(() => (node.swarm?.bitswap.stats().messagesSent ?? 0) - before).toBe(2)
  await helia.blockstore.put(inHelia(block.cid), block.bytes)
  const other = createBlock(randomBytes(5000, 12), { codec: RAW_CODE })
  await helia.blockstore.put(inHelia(other.cid), other.bytes)
  await node.blocks.get(other.cid, { signal: signal() })
  expect(node.swarm?.bitswap.stats()).toMatchObject({ blocksReceived: 1, dupBlksReceived: 0, unaskedBlksReceived: 0 })

  const giveUp = new AbortController()
  const peer = helia.libp2p.peerId.toString()
  const unserved = createBlock(randomBytes(5000, 13), { codec: RAW_CODE })
  const theirs = heliaGets(unserved, giveUp.signal)
  await expect.poll(() => node.swarm?.bitswap.wantsOf(peer)).toHaveLength(1)
  giveUp.abort()
  await expect(theirs).rejects.toThrow()
  await helia.stop()
  await expect.poll(() => node.swarm?.bitswap.wantsOf(peer)).toEqual([])
})

it('a file that two of Helia have comes nearly once, and a third gets it from Cairn', async () => {
  await meet()
  const [second, third] = await Promise.all([startHelia(), startHelia()])
  try {
    const bytes = randomBytes(30 * 1024 * 1024, 14)
    const [cid] = await Promise.all([helia, second].map((peer) => unixfs(peer).addBytes(bytes)))
    if (cid === undefined) throw new TypeError('it has a CID')
    await node.swarm?.host.connect(String(second.libp2p.getMultiaddrs()[0]))
    expect(Buffer.compare(await readAll(node.blocks, cid, signal()), bytes)).toBe(0)
    // Helia would take all of it twice; what comes twice here was asked of the other when one was late.
    expect(node.swarm?.bitswap.stats().dupDataReceived).toBeLessThan(bytes.length / 2)
    await node.swarm?.host.connect(String(third.libp2p.getMultiaddrs()[0]))
    expect(Buffer.compare(await joined(unixfs(third).cat(cid, { signal: signal() })), bytes)).toBe(0)
  } finally {
    await Promise.all([second.stop(), third.stop()])
  }
})

it('100 MiB go each way', async () => {
  await meet()
  const theirs = randomBytes(100 * 1024 * 1024, 15)
  const cid = await unixfs(helia).addBytes(theirs)
  expect(Buffer.compare(await readAll(node.blocks, cid, signal()), theirs)).toBe(0)
  const ours = randomBytes(100 * 1024 * 1024, 16)
  const got = await joined(unixfs(helia).cat(await addFile(node, ours), { signal: AbortSignal.timeout(50_000) }))
  expect(Buffer.compare(got, ours)).toBe(0)
})

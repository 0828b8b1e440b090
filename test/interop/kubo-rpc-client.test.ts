// kubo-rpc-client, as it is, drives a Cairn daemon: the shape of every result, and CIDs that are known from elsewhere.
import { randomBytes } from 'node:crypto'
import { multiaddr } from '@multiformats/multiaddr'
import { CID } from 'multiformats/cid'
import type { KuboRPCClient } from 'kubo-rpc-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDaemon, type KuboDaemon } from './kubo-daemon.ts'

/** Of `hello`, as a raw block. */
const HELLO = CID.parse('bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq')

let daemon: KuboDaemon
let other: KuboDaemon
let ipfs: KuboRPCClient

beforeAll(async () => {
  ;[daemon, other] = await Promise.all([startDaemon(), startDaemon()])
  ipfs = daemon.client
})

afterAll(async () => {
  await Promise.all([daemon[Symbol.asyncDispose](), other[Symbol.asyncDispose]()])
})

const bytesOf = async (pieces: AsyncIterable<Uint8Array>): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(pieces))
const cidText = (cid: unknown): string => String(cid)
const TREE = [
  { path: 'tree/hello', content: 'hello' },
  { path: 'tree/sub/large', content: randomBytes(3 << 20) },
]

async function addTree(): Promise<{ readonly root: CID; readonly names: readonly string[] }> {
  const entries = await Array.fromAsync(ipfs.addAll(TREE))
  const root = entries.find(({ path }) => path === 'tree')
  if (root === undefined) throw new Error('it has no root')
  return { root: root.cid, names: entries.map(({ path }) => path) }
}

describe('add', () => {
  test('a text, bytes and a stream give the same CID', async () => {
    async function* stream() {
      yield Buffer.from('hel')
      yield Buffer.from('lo')
    }
    for (const content of ['hello', Buffer.from('hello'), stream()])
      expect(await ipfs.add(content)).toMatchObject({ cid: HELLO, size: 5, path: HELLO.toString() })
    expect(cidText((await ipfs.add('hello', { cidVersion: 0, rawLeaves: false, onlyHash: true })).cid)).toBe(
      'QmWfVY9y3xjsixTgbd9AorQxH7VtMpzfx2HaWtsoUYecaX',
    )
  })

  test('a tree comes file by file, its root last, with progress', async () => {
    const seen: number[] = []
    const entries = await Array.fromAsync(ipfs.addAll(TREE, { progress: (bytes) => seen.push(bytes) }))
    const paths = new Set(entries.map(({ path }) => path))
    expect(paths).toEqual(new Set(['tree', 'tree/hello', 'tree/sub', 'tree/sub/large']))
    expect(entries.at(-1)?.path).toBe('tree')
    expect(seen.length).toBeGreaterThan(0)
    const wrapped = await Array.fromAsync(ipfs.addAll([{ path: 'a', content: 'hello' }], { wrapWithDirectory: true }))
    expect(wrapped.map(({ path }) => path)).toEqual(['a', ''])
  })
})

test('cat, get and ls read what was added', async () => {
  const { root } = await addTree()
  expect((await bytesOf(ipfs.cat(`/ipfs/${root}/sub/large`))).equals(TREE[1]?.content as Buffer)).toBe(true)
  expect((await bytesOf(ipfs.cat(HELLO, { offset: 1, length: 3 }))).toString()).toBe('ell')
  expect((await bytesOf(ipfs.get(root))).length).toBeGreaterThan(3 << 20)
  expect(await Array.fromAsync(ipfs.ls(root))).toEqual([
    expect.objectContaining({ name: 'hello', type: 'file', size: 5, cid: HELLO }),
    expect.objectContaining({ name: 'sub', type: 'dir' }),
  ])
  await expect(bytesOf(ipfs.cat(root))).rejects.toThrow()
})

test('block', async () => {
  const cid = await ipfs.block.put(Buffer.from('a block'))
  expect(Buffer.from(await ipfs.block.get(cid)).toString()).toBe('a block')
  expect(await ipfs.block.stat(cid)).toEqual({ cid, size: 7 })
  expect(await Array.fromAsync(ipfs.block.rm(cid))).toMatchObject([{ cid }])
  const [missing] = await Array.fromAsync(ipfs.block.rm(cid))
  expect(missing?.error).toBeInstanceOf(Error)
  expect(cidText(await ipfs.block.put(Buffer.from('hello'), { format: 'raw', mhtype: 'sha2-256' }))).toBe(`${HELLO}`)
})

test('dag', async () => {
  const cid = await ipfs.dag.put({ text: 'value', link: HELLO })
  expect(cid.code).toBe(0x71)
  expect((await ipfs.dag.get(cid)).value).toEqual({ text: 'value', link: HELLO })
  expect((await ipfs.dag.get(cid, { path: '/text' })).value).toBe('value')
  expect(await ipfs.dag.resolve(`${cid}/link`)).toMatchObject({ cid: HELLO })
  const { root } = await addTree()
  const car = await bytesOf(ipfs.dag.export(root))
  async function* pieces() {
    yield car
  }
  const imported = await Array.fromAsync(ipfs.dag.import(pieces()))
  expect(imported).toMatchObject([{ root: { cid: root, pinErrorMsg: '' } }])
})

test('files', async () => {
  await ipfs.files.mkdir('/docs/deep', { parents: true })
  await ipfs.files.write('/docs/a', Buffer.from('hello'), { create: true })
  await ipfs.files.write('/docs/a', Buffer.from('J'), { offset: 0 })
  expect((await bytesOf(ipfs.files.read('/docs/a'))).toString()).toBe('Jello')
  await ipfs.files.cp(`/ipfs/${HELLO}`, '/docs/copy')
  await ipfs.files.mv('/docs/copy', '/docs/moved')
  expect(await ipfs.files.stat('/docs/moved')).toMatchObject({ cid: HELLO, size: 5, type: 'file' })
  const entries = await Array.fromAsync(ipfs.files.ls('/docs'))
  expect(entries.map(({ name, type, size }) => [name, type, size])).toEqual([
    ['a', 'file', 5],
    ['deep', 'directory', 0],
    ['moved', 'file', 5],
  ])
  await ipfs.files.rm('/docs/deep', { recursive: true })
  expect(await ipfs.files.flush('/docs')).toBeInstanceOf(CID)
  await expect(ipfs.files.stat('/nothing')).rejects.toThrow()
})

test('pin', async () => {
  const { root } = await addTree()
  expect(await ipfs.pin.rm(root)).toEqual(root)
  expect(await ipfs.pin.add(root, { name: 'a name' })).toEqual(root)
  const [pin] = await Array.fromAsync(ipfs.pin.ls({ paths: [root], names: true }))
  expect(pin).toMatchObject({ cid: root, type: 'recursive' })
  expect((await Array.fromAsync(ipfs.pin.ls({ type: 'recursive' }))).map(({ cid }) => cidText(cid))).toContain(
    `${root}`,
  )
  expect(await Array.fromAsync(ipfs.pin.addAll([HELLO]))).toEqual([HELLO])
  expect(await Array.fromAsync(ipfs.pin.rmAll([{ path: HELLO.toString() }]))).toEqual([HELLO])
  await expect(ipfs.pin.rm(HELLO)).rejects.toThrow(/not pinned/)
})

test('refs and repo', async () => {
  const { root } = await addTree()
  const direct = await Array.fromAsync(ipfs.refs(root))
  expect(direct.map(({ ref }) => ref)).toContain(`${HELLO}`)
  const all = await Array.fromAsync(ipfs.refs(root, { recursive: true, unique: true, format: '<linkname>' }))
  expect(all.map(({ ref }) => ref)).toEqual(expect.arrayContaining(['hello', 'sub', 'large']))
  expect((await Array.fromAsync(ipfs.refs.local())).length).toBeGreaterThan(4)
  const stat = await ipfs.repo.stat()
  expect(stat.numObjects).toBeGreaterThan(4n)
  expect(stat.version).toMatch(/@1$/)
  await ipfs.block.put(Buffer.from('nobody keeps it'))
  expect(
    (await Array.fromAsync(ipfs.repo.gc())).every(
      ({ cid, err }) => cid instanceof CID && (err ?? undefined) === undefined,
    ),
  ).toBe(true)
  expect(await ipfs.repo.version()).toMatch(/1/)
})

test('config', async () => {
  await ipfs.config.set('Provide.Strategy', 'all')
  expect(await ipfs.config.get('Provide.Strategy')).toBe('all')
  const before = await ipfs.config.getAll()
  expect(before).toMatchObject({ Bootstrap: [], Identity: { PeerID: expect.any(String) } })
  const changed = { ...before, Pinning: {} }
  await ipfs.config.replace(changed)
  expect(await ipfs.config.getAll()).toEqual(changed)
  expect(await ipfs.config.profiles.apply('lowpower', { dryRun: true })).toMatchObject({
    original: { Identity: { PeerID: expect.any(String) } },
    updated: { Swarm: { ConnMgr: { HighWater: 40 } } },
  })
})

test('id, version, commands, resolve and diag', async () => {
  const { id, addresses, agentVersion, protocols } = await ipfs.id()
  expect(daemon.address.endsWith(id.toString())).toBe(true)
  expect(addresses.map(String)).toContain(daemon.address)
  expect(agentVersion).toMatch(/^cairn\//)
  expect(protocols).toContain('/ipfs/bitswap/1.2.0')
  expect(await ipfs.version()).toMatchObject({ version: expect.stringMatching(/^\d+\./), repo: '1' })
  const { Subcommands } = (await ipfs.commands()) as unknown as { Subcommands: { Name: string }[] }
  expect(Subcommands.map(({ Name }) => Name)).toContain('add')
  expect(await ipfs.resolve(`/ipfs/${HELLO}`)).toBe(`/ipfs/${HELLO}`)
  expect(await ipfs.isOnline()).toBe(true)
})

test('swarm, bitswap, ping and stats', async () => {
  await ipfs.swarm.connect(multiaddr(other.address))
  await expect
    .poll(() => ipfs.swarm.peers({ verbose: true }))
    .toMatchObject([{ identify: { AgentVersion: expect.stringMatching(/^cairn\//) } }])
  const [peer] = await ipfs.swarm.peers()
  expect(other.address).toContain(String(peer?.peer))
  expect((await ipfs.swarm.addrs()).length).toBe(1)
  expect((await ipfs.swarm.localAddrs()).length).toBeGreaterThan(0)
  const content = randomBytes(2 << 20)
  const { cid } = await other.client.add(content)
  expect((await bytesOf(ipfs.cat(cid))).equals(content)).toBe(true)
  const id = peer?.peer
  if (id === undefined) throw new Error('there is no peer')
  const stat = await ipfs.bitswap.stat()
  expect(stat.blocksReceived).toBeGreaterThan(1n)
  expect(stat.peers.map(String)).toContain(id.toString())
  expect(await ipfs.bitswap.wantlist()).toEqual([])
  expect(await ipfs.bitswap.wantlistForPeer(id)).toEqual([])
  expect(await ipfs.stats.bitswap()).toMatchObject({ blocksReceived: stat.blocksReceived })
  expect((await ipfs.stats.repo()).numObjects).toBeGreaterThan(0n)
  const [bandwidth] = await Array.fromAsync(ipfs.stats.bw())
  expect(bandwidth?.totalIn).toBeGreaterThan(0n)
  const pongs = await Array.fromAsync(ipfs.ping(id, { count: 2 }))
  expect(pongs).toContainEqual({ success: true, time: expect.any(Number), text: '' })
  await ipfs.swarm.disconnect(multiaddr(other.address))
})

test('bootstrap', async () => {
  const address = multiaddr(other.address)
  expect(await ipfs.bootstrap.list()).toEqual({ Peers: [] })
  expect((await ipfs.bootstrap.add(address)).Peers.map(String)).toEqual([other.address])
  expect((await ipfs.bootstrap.rm(address)).Peers.map(String)).toEqual([other.address])
})

test('stop ends the daemon', async () => {
  await using own = await startDaemon()
  await own.client.stop()
  expect(await own.ended).toBe(0)
})

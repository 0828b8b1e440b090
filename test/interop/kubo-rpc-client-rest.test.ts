// The rest of what kubo-rpc-client can do with a Cairn daemon: CIDs that Kubo gives, keys, options, and clear refusals of what is
// not there.
import { randomBytes } from 'node:crypto'
import { CID } from 'multiformats/cid'
import type { KuboRPCClient } from 'kubo-rpc-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDaemon, type KuboDaemon } from './kubo-daemon.ts'

/** As Kubo names these, by its settings before and after IPIP-499. */
const KNOWN = {
  'hello world\n': {
    v0: 'QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o',
    v1: 'bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4',
  },
} as const
const EMPTY_FOLDER = 'QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn'

let daemon: KuboDaemon
let ipfs: KuboRPCClient

beforeAll(async () => {
  daemon = await startDaemon()
  ipfs = daemon.client
})

afterAll(() => daemon[Symbol.asyncDispose]())

const bytesOf = async (pieces: AsyncIterable<Uint8Array>): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(pieces))

describe('add', () => {
  test('gives the CIDs of Kubo', async () => {
    for (const [text, { v0, v1 }] of Object.entries(KNOWN)) {
      const old = await ipfs.add(text, { cidVersion: 0, rawLeaves: false })
      expect([`${old.cid}`, old.size]).toEqual([v0, text.length + 8])
      expect(`${(await ipfs.add(text, { cidVersion: 1, rawLeaves: true })).cid}`).toBe(v1)
    }
    const folder = await Array.fromAsync(ipfs.addAll([{ path: 'empty' }], { cidVersion: 0 }))
    expect(folder.map(({ cid }) => `${cid}`)).toEqual([EMPTY_FOLDER])
  })

  test('takes streams of streams, and every option that decides a CID', async () => {
    async function* files() {
      for (let index = 0; index < 20; index++) {
        async function* content() {
          for (let piece = 0; piece < 4; piece++) yield randomBytes(1 << 16)
        }
        yield { path: `stream/folder-${Math.floor(index / 7)}/file-${index}`, content: content() }
      }
    }
    const entries = await Array.fromAsync(ipfs.addAll(files(), { chunker: 'size-65536', pin: false }))
    expect(entries).toHaveLength(24)
    expect(entries.at(-1)?.path).toBe('stream')
    const content = randomBytes(1 << 20)
    const cids = new Set<string>()
    const options = [
      { chunker: 'size-1000' },
      { chunker: 'rabin-1000-2000-4000' },
      { trickle: true, chunker: 'size-1000' },
      { rawLeaves: false },
      { cidVersion: 0 },
      { hashAlg: 'blake2b-256' },
    ] as const
    for (const option of options) {
      const { cid } = await ipfs.add(content, option)
      cids.add(`${cid}`)
      expect((await bytesOf(ipfs.cat(cid))).equals(content)).toBe(true)
      expect(await ipfs.add(content, { ...option, onlyHash: true })).toMatchObject({ cid })
    }
    expect(cids.size).toBe(options.length)
  })

  test('an added tree is what ls, get and files see of it', async () => {
    const entries = await Array.fromAsync(
      ipfs.addAll([
        { path: 'seen/a', content: 'a' },
        { path: 'seen/b/c', content: 'c' },
      ]),
    )
    const root = entries.at(-1)?.cid
    if (root === undefined) throw new Error('it has no root')
    const listed = await Array.fromAsync(ipfs.ls(`/ipfs/${root}/b`))
    expect(listed).toEqual([
      expect.objectContaining({ name: 'c', path: `/ipfs/${root}/b/c`, size: 1, type: 'file', cid: entries[1]?.cid }),
    ])
    const file = await Array.fromAsync(ipfs.ls(`${root}/a`))
    expect(file).toMatchObject([{ cid: entries[0]?.cid }])
    const archive = (await bytesOf(ipfs.get(root, { archive: true }))).toString('latin1')
    expect(archive).toContain(`${root}/b/c`)
    const packed = await bytesOf(ipfs.get(root, { archive: true, compress: true, compressionLevel: 9 }))
    expect([packed[0], packed[1]]).toEqual([0x1f, 0x8b])
    expect(await ipfs.files.stat(`/ipfs/${root}`)).toMatchObject({ cid: root, type: 'directory', blocks: 2 })
  })
})

test('files by place and length, with or without parents', async () => {
  await ipfs.files.write('/places/of/a', Buffer.from('0123456789'), { create: true, parents: true })
  const read = async (options: { offset?: number; length?: number }) =>
    (await bytesOf(ipfs.files.read('/places/of/a', options))).toString()
  expect(await read({ offset: 3, length: 4 })).toBe('3456')
  await ipfs.files.write('/places/of/a', Buffer.from('new'), { truncate: true })
  expect(await read({})).toBe('new')
  await expect(ipfs.files.write('/places/none/a', Buffer.from('x'), { create: true })).rejects.toThrow()
  await expect(ipfs.files.mkdir('/places')).rejects.toThrow()
  await ipfs.files.cp('/places/of/a', '/places/copied/a', { parents: true })
  expect(await ipfs.files.stat('/places', { withLocal: true })).toMatchObject({ withLocality: true, local: true })
  await ipfs.files.rm('/places', { recursive: true })
  expect(await Array.fromAsync(ipfs.files.ls('/'))).toEqual([])
})

test('dag in every codec, by path, and through links', async () => {
  const inner = await ipfs.dag.put({ deep: { list: [1, 2, { three: 3 }] } }, { storeCodec: 'dag-json' })
  const outer = await ipfs.dag.put({ inner }, { storeCodec: 'dag-cbor', hashAlg: 'sha2-512', pin: true })
  expect([inner.code, outer.code, outer.multihash.code]).toEqual([0x0129, 0x71, 0x13])
  expect((await ipfs.dag.get(outer, { path: '/inner/deep/list/2/three' })).value).toBe(3)
  expect(await ipfs.dag.resolve(outer, { path: '/inner/deep' })).toEqual({ cid: inner, remainderPath: 'deep' })
  const { cid } = await ipfs.add('leaf', { rawLeaves: false })
  const node = (await ipfs.dag.get(cid)).value as { Data: Uint8Array; Links: unknown[] }
  expect(node.Links).toEqual([])
  await expect(ipfs.dag.get(outer, { path: '/none' })).rejects.toThrow()
})

test('pins of each type, by name, one by one and all at once', async () => {
  const { cid } = await ipfs.add(randomBytes(100), { pin: false })
  expect(await ipfs.pin.add(cid, { recursive: false, name: 'direct one' })).toEqual(cid)
  const direct = await Array.fromAsync(ipfs.pin.ls({ type: 'direct', names: true }))
  expect(direct).toMatchObject([{ cid, type: 'direct' }])
  expect(await Array.fromAsync(ipfs.pin.ls({ name: 'direct' }))).toMatchObject([{ cid }])
  expect(await Array.fromAsync(ipfs.pin.ls({ name: 'nobody' }))).toEqual([])
  expect(await ipfs.pin.rm(cid)).toEqual(cid)
  await expect(Array.fromAsync(ipfs.pin.ls({ paths: [cid] }))).rejects.toThrow(/not pinned/)
  const many = await Promise.all(
    Array.from({ length: 20 }, async () => (await ipfs.add(randomBytes(10), { pin: false })).cid),
  )
  expect(new Set((await Array.fromAsync(ipfs.pin.addAll(many))).map(String))).toEqual(new Set(many.map(String)))
  expect(await Array.fromAsync(ipfs.pin.rmAll(many.map((path) => ({ path: path.toString() }))))).toEqual(many)
})

test('key', async () => {
  const made = await ipfs.key.gen('work', { type: 'ed25519' })
  expect(made).toEqual({ name: 'work', id: expect.stringMatching(/^k51/) })
  expect((await ipfs.key.gen('old', { type: 'rsa', size: 2048 })).id).toMatch(/^k2/)
  expect((await ipfs.key.list()).map(({ name }) => name)).toEqual(['self', 'old', 'work'])
  expect(await ipfs.key.rename('work', 'play')).toEqual({ was: 'work', now: 'play', id: made.id, overwrite: false })
  expect(await ipfs.key.rm('play')).toEqual({ name: 'play', id: made.id })
  await expect(ipfs.key.gen('old')).rejects.toThrow(/already exists/)
  await expect(ipfs.key.rm('self')).rejects.toThrow(/self/)
})

test('block by codec, hash and pin', async () => {
  const cid = await ipfs.block.put(Buffer.of(0x80), { format: 'dag-cbor', mhtype: 'sha2-512', pin: true })
  expect([cid.version, cid.code, cid.multihash.code]).toEqual([1, 0x71, 0x13])
  const [refused] = await Array.fromAsync(ipfs.block.rm(cid))
  expect(refused?.error?.message).toMatch(/pinned/)
  const missing = CID.parse('bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am')
  await expect(
    ipfs.block.get(missing, { timeout: 100, searchParams: new URLSearchParams({ offline: 'true' }) }),
  ).rejects.toThrow()
  expect(await Array.fromAsync(ipfs.block.rm(missing, { force: true }))).toMatchObject([{ cid: missing }])
})

test('config of one setting, of all, and of a profile', async () => {
  await ipfs.config.set('Import.CidVersion', 1)
  expect(await ipfs.config.get('Import')).toEqual({ CidVersion: 1 })
  await expect(ipfs.config.get('Identity.PrivKey')).rejects.toThrow()
  await expect(ipfs.config.set('Addresses', 'nonsense')).rejects.toThrow()
})

test('what a daemon says of itself and of its machine', async () => {
  expect(await ipfs.diag.sys()).toMatchObject({ net: { online: true } })
  expect(await ipfs.diag.cmds()).toBeInstanceOf(Array)
  expect((await ipfs.id()).protocols.length).toBeGreaterThan(0)
  expect((await ipfs.log.ls()).length).toBeGreaterThan(0)
})

test('what is not there is refused in words', async () => {
  const { cid } = await ipfs.add('refused')
  const calls: readonly (() => Promise<unknown>)[] = [
    () => ipfs.name.publish(cid),
    () => Array.fromAsync(ipfs.name.resolve('k51')),
    () => Array.fromAsync(ipfs.routing.findProvs(cid)),
    () => Array.fromAsync(ipfs.routing.provide(cid)),
    () => ipfs.pubsub.ls(),
    () => ipfs.provide.stat(),
  ]
  for (const call of calls) await expect(call()).rejects.toThrow(/does not support/)
})

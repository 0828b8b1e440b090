import fc from 'fast-check'
import type { CID } from 'multiformats/cid'
import { describe, expect, test } from 'vitest'
import {
  CairnError,
  createBlock,
  decodeUnixFS,
  importTree,
  type Mfs,
  PROFILES,
  readFile,
  storeBlocks,
} from '../../src/index.ts'
import { MFS_CHUNK_BYTES, MFS_PIECE_BYTES } from '../../src/limits.ts'
import { allBytes, patternBytes, streamOf } from '../support/bytes.ts'
import { expectCode } from '../support/expect-code.ts'
import { directorySource, fileSource } from '../support/import.ts'
import { NOW, Repo, treeOf } from '../support/mfs-repo.ts'
import { MapStore, rawBlock } from '../support/map-store.ts'

const text = (content: string) => streamOf(Buffer.from(content))
const CREATE = { create: true }

describe('changes', () => {
  test('do what they say, with the conditions of Kubo', async () => {
    const files = await new Repo().open()
    expect(await treeOf(files)).toEqual({})
    await files.mkdir('/a')
    await expectCode('CONFLICT', () => files.mkdir('/a'))
    await files.mkdir('/a', { parents: true })
    await expectCode('NOT_FOUND', () => files.mkdir('/b/c'))
    await files.mkdir('/b/c', { parents: true })
    await expectCode('NOT_FOUND', () => files.write('/a/x', text('x')))
    await files.write('/a/x', text('hello'), CREATE)
    await files.write('/a/x', text('J'))
    await expectCode('NOT_FOUND', () => files.write('/n/x', text('x'), CREATE))
    await files.write('/n/m/x', text('deep'), { ...CREATE, parents: true })
    await files.copy('/a/x', '/b/')
    await expectCode('CONFLICT', () => files.copy('/a', '/b'))
    await expectCode('CONFLICT', () => files.copy('/a/x', '/b/x'))
    await files.copy('/a', '/b/c/')
    await expectCode('INVALID', () => files.move('/b', '/b/c/d'))
    await files.move('/a/x', '/b/x')
    await files.move('/n', '/b')
    await expectCode('INVALID', () => files.remove('/a'))
    await files.remove('/a', { recursive: true })
    await expectCode('NOT_FOUND', () => files.remove('/a'))
    await files.remove('/a', { force: true })
    await expectCode('INVALID', () => files.remove('/', { recursive: true }))
    await expectCode('INVALID', () => files.find('relative'))
    await expectCode('INVALID', () => files.find('/b/x/below'))
    await files.write('/b/x', text('!'), { offset: 7 })
    await files.truncate('/b/n/m/x', 2)
    expect(await treeOf(files)).toEqual({
      '/b/': '',
      '/b/c/': '',
      '/b/c/a/': '',
      '/b/c/a/x': 'Jello',
      '/b/n/': '',
      '/b/n/m/': '',
      '/b/n/m/x': 'de',
      '/b/x': 'Jello\0\0!',
    })
  })

  test('of a tree agree with one that is held by name alone', async () => {
    const path = fc
      .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 })
      .map((names) => `/${names.join('/')}`)
    const step = fc.oneof(
      fc.record({ verb: fc.constantFrom('mkdir', 'write', 'remove'), path }),
      fc.record({ verb: fc.constantFrom('copy', 'move'), path, to: path }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const repo = new Repo()
        const files = await repo.open()
        const model = new Model()
        for (const [number, change] of steps.entries()) {
          const did = await apply(files, change, `${number}`)
          expect(did, JSON.stringify(change)).toBe(model.apply(change, `${number}`))
        }
        expect(await treeOf(files)).toEqual(model.tree())
        expect(await repo.recorded()).toEqual(model.tree())
      }),
      { numRuns: 60 },
    )
  })

  test('of many writers at once are all there, and share commits', async () => {
    const repo = new Repo()
    const files = await repo.open()
    await files.write('/log', text(''), CREATE)
    const before = repo.records.batches
    const writes = Array.from({ length: 200 }, (_, number) =>
      files.write('/log', text(`${number}`.padStart(4)), { offset: 4 * number }),
    )
    const others = Array.from({ length: 50 }, (_, number) => files.write(`/file ${number}`, text('x'), CREATE))
    await Promise.all([...writes, ...others])
    expect(repo.records.batches - before).toBeLessThan(10)
    const tree = await repo.recorded()
    expect(tree['/log']).toBe(Array.from({ length: 200 }, (_, number) => `${number}`.padStart(4)).join(''))
    expect(Object.keys(tree)).toHaveLength(51)
  })

  test('that nobody waits for are there for whoever looks, and durable after a flush', async () => {
    const repo = new Repo()
    const files = await repo.open()
    await files.write('/a', text('1'), { ...CREATE, flush: false })
    await files.mkdir('/d', { flush: false })
    expect(await repo.recorded()).toEqual({})
    await files.flush()
    expect(await repo.recorded()).toEqual({ '/a': '1', '/d/': '' })
    await files.write('/a', text('2'), { flush: false })
    expect(await treeOf(files)).toEqual({ '/a': '2', '/d/': '' })
  })

  test('that cannot be recorded are taken back, with all that builds on them', async () => {
    const repo = new Repo()
    const files = await repo.open()
    await files.write('/kept', text('kept'), CREATE)
    repo.records.fails = true
    const lost = await Promise.allSettled([1, 2, 3].map((number) => files.write(`/${number}`, text('x'), CREATE)))
    expect(lost.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    await expectCode('LIMIT', () => files.remove('/kept'))
    repo.records.fails = false
    await files.write('/next', text('next'), CREATE)
    expect(await treeOf(files)).toEqual({ '/kept': 'kept', '/next': 'next' })
    expect(await repo.recorded()).toEqual({ '/kept': 'kept', '/next': 'next' })
  })

  test('keep mode and time, which follow a write only where there was one', async () => {
    const files = await new Repo().open()
    const dataOf = async (path: string) => decodeUnixFS(await files.reader.get((await files.find(path)).cid)).data
    const mtime = { seconds: 5n, nanoseconds: 6 }
    await files.write('/a', text('a'), { ...CREATE, metadata: { mode: 0o600 } })
    await files.write('/a', text('b'))
    expect(await dataOf('/a')).toMatchObject({ mode: 0o600 })
    expect((await dataOf('/a')).mtime).toBeUndefined()
    await files.setMetadata('/a', { mtime })
    expect(await dataOf('/a')).toMatchObject({ mode: 0o600, mtime })
    await files.write('/a', text('c'), { offset: 1 })
    expect(await dataOf('/a')).toMatchObject({ mode: 0o600, mtime: NOW })
    await files.setMetadata('/', { mode: 0o700, mtime })
    await files.mkdir('/d')
    expect(await dataOf('/')).toMatchObject({ mode: 0o700, mtime })
    expect(await treeOf(files)).toEqual({ '/a': 'bc', '/d/': '' })
  })

  test('follow the CID version and hash of the folder', async () => {
    const files = await new Repo().open()
    const cidOf = async (path: string) => (await files.find(path)).cid
    await files.changeForm('/', { cidVersion: 0, hash: 'sha2-256' })
    // The root of a new repo of Kubo.
    expect(`${await cidOf('/')}`).toBe('QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn')
    await files.write('/a', text('hello\n'), CREATE)
    expect(`${await cidOf('/a')}`).toBe('QmZULkCELmmk5XNfCgTnCyFgAVxBRBXyDHGGMVoLFLiXEN')
    await files.mkdir('/b', { form: { cidVersion: 1, hash: 'blake3' } })
    await files.write('/b/c', text('hello'), CREATE)
    expect((await cidOf('/b/c')).multihash.code).toBe(0x1e)
    await expectCode('INVALID', () => files.changeForm('/a', { cidVersion: 1 }))
  })
})

describe('a long write', () => {
  const content = patternBytes(MFS_PIECE_BYTES + 5 * MFS_CHUNK_BYTES + 17)

  test('gives the CID of an import, and touches nothing else', async () => {
    const repo = new Repo()
    const files = await repo.open()
    await files.write('/f', streamOf(content), CREATE)
    const settings = { ...PROFILES['unixfs-v1-2025'], chunker: `size-${MFS_CHUNK_BYTES}` }
    let root: CID | undefined
    for await (const event of storeBlocks(new MapStore())(
      importTree({ name: '', source: fileSource(content) }, settings),
    ))
      if (event.kind === 'entry') root = event.cid
    expect(`${(await files.find('/f')).cid}`).toBe(`${root}`)
    await repo.collect()
    expect(Buffer.compare(await allBytes(readFile(files.reader, (await files.find('/f')).cid)), content)).toBe(0)
  })

  test('loses nothing of what others write meanwhile', async () => {
    const repo = new Repo()
    const files = await repo.open()
    await files.write('/f', text('0123456789'), CREATE)
    let changes = 0
    async function* slowly(): AsyncGenerator<Uint8Array> {
      for (let start = 0; start < content.length; start += MFS_PIECE_BYTES / 2) {
        yield content.subarray(start, start + MFS_PIECE_BYTES / 2)
        if (changes++ < 3) await files.write('/f', text('abc'), { offset: changes })
        await repo.collect()
      }
    }
    await files.write('/f', slowly(), { offset: 8 })
    const found = await allBytes(readFile(files.reader, (await files.find('/f')).cid))
    expect(Buffer.from(found.subarray(0, 8)).toString()).toBe('0aaabc67')
    expect(Buffer.compare(found.subarray(8), content)).toBe(0)
  })
})

describe('a collection', () => {
  test('keeps what the root reaches, as far as it is here, and what was copied from elsewhere', async () => {
    const repo = new Repo()
    const files = await repo.open()
    const source = directorySource({ one: fileSource(patternBytes(50)), two: fileSource(patternBytes(60)) })
    let root: CID | undefined
    for await (const event of storeBlocks(repo.store)(importTree({ name: '', source }, PROFILES['unixfs-v1-2025'])))
      if (event.kind === 'entry') root = event.cid
    if (root === undefined) throw new Error('no root')
    await files.put('/dir', { cid: root, name: 'dir' })
    await files.write('/gone', text('gone'), CREATE)
    await files.remove('/gone')
    await repo.store.putMany([rawBlock(1)])
    const before = await treeOf(files)
    await repo.collect()
    expect(await repo.recorded()).toEqual(before)
    expect(await repo.store.get(rawBlock(1).cid)).toBeUndefined()
    // A folder of which only the root is here.
    const empty = await repo.blocks.get(root)
    await files.remove('/dir', { recursive: true })
    await repo.collect()
    await repo.store.putMany([empty])
    await files.put('/', { cid: root, name: 'half' })
    await repo.collect()
    expect((await files.find('/half')).cid.equals(root)).toBe(true)
    const other = createBlock(Uint8Array.of(0xa0), { codec: 0x71 })
    await repo.store.putMany([other])
    await expectCode('UNSUPPORTED', () => files.put('/cbor', { cid: other.cid, name: '' }))
  })
})

interface Change {
  readonly verb: string
  readonly path: string
  readonly to?: string
}

/** Whether the change was made. */
async function apply(files: Mfs, { verb, path, to = '' }: Change, content: string): Promise<boolean> {
  const done =
    verb === 'mkdir'
      ? files.mkdir(path)
      : verb === 'write'
        ? files.write(path, text(content), { create: true, truncate: true })
        : verb === 'remove'
          ? files.remove(path, { recursive: true })
          : verb === 'copy'
            ? files.copy(path, to)
            : files.move(path, to)
  return done.then(
    () => true,
    (error: unknown) => {
      expect(error).toBeInstanceOf(CairnError)
      return false
    },
  )
}

/** A tree as paths: folders without content, files with it. */
class Model {
  readonly #paths = new Map<string, string | undefined>([['', undefined]])

  tree(): Record<string, string> {
    const entries = [...this.#paths].filter(([path]) => path !== '')
    return Object.fromEntries(
      entries.map(([path, content]) => (content === undefined ? [`${path}/`, ''] : [path, content])),
    )
  }

  apply({ verb, path, to = '' }: Change, content: string): boolean {
    if (verb === 'mkdir') return !this.#paths.has(path) && this.#put(path, new Map([['', undefined]]))
    if (verb === 'write') return !this.#isFolder(path) && this.#put(path, new Map([['', content]]))
    const below = this.#below(path)
    if (below.size === 0) return false
    if (verb === 'remove') return this.#remove(path)
    if (verb === 'copy') return !this.#paths.has(to) && this.#put(to, below)
    const target = this.#isFolder(to) ? `${to}/${path.split('/').at(-1)}` : to
    if (target === path) return true
    if (target.startsWith(`${path}/`) || this.#isFolder(target)) return false
    return this.#put(target, below) && this.#remove(path)
  }

  #isFolder(path: string): boolean {
    return this.#paths.has(path) && this.#paths.get(path) === undefined
  }

  #below(path: string): Map<string, string | undefined> {
    const inside = [...this.#paths].filter(([other]) => other === path || other.startsWith(`${path}/`))
    return new Map(inside.map(([other, content]) => [other.slice(path.length), content]))
  }

  #put(path: string, tree: ReadonlyMap<string, string | undefined>): boolean {
    if (!this.#isFolder(path.slice(0, path.lastIndexOf('/')))) return false
    for (const [below, content] of tree) this.#paths.set(`${path}${below}`, content)
    return true
  }

  #remove(path: string): boolean {
    for (const below of this.#below(path).keys()) this.#paths.delete(`${path}${below}`)
    return true
  }
}

import { describe, expect, test } from 'vitest'
import { createBlock, encodeUnixFS, parsePath, resolvePath, type ImportSource } from '../../src/index.ts'
import { patternBytes } from '../support/bytes.ts'
import { expectCode } from '../support/expect-code.ts'
import { directorySource, fileSource, imported } from '../support/import.ts'
import { rawBlock } from '../support/map-store.ts'

const root = rawBlock(1).cid

describe('parsePath', () => {
  test.each([
    ['', []],
    ['/', []],
    ['/a', ['a']],
    ['/a/b c/é', ['a', 'b c', 'é']],
    ['//a///b/', ['a', 'b']],
    ['/./a/./b/.', ['a', 'b']],
    ['/a/../b', ['b']],
    ['/a/b/../../c', ['c']],
    ['/a/..', []],
    ['/...', ['...']],
    ['/%2e%2e', ['%2e%2e']],
    ['/a\0b', ['a\0b']],
  ])('reads what stands below a root: %j', (below, names) => {
    for (const prefix of ['', '/ipfs/', 'ipfs://']) {
      const path = parsePath(`${prefix}${root}${below}`)
      expect(path.root.equals(root)).toBe(true)
      expect(path.names).toEqual(names)
    }
  })

  test.each([
    [`http://127.0.0.1:8080/ipfs/${root}/a%20b/%C3%A9?download=true#top`, ['a b', 'é']],
    [`https://example.org/ipfs/${root}`, []],
    [`HTTPS://example.org/ipfs/${root}/100%/x//y/../z`, ['100%', 'x', 'z']],
    [`http://${root}.ipfs.localhost:8080/a/b?x=/c`, ['a', 'b']],
    [`https://${root}.ipfs.example.org#a`, []],
  ])('reads the URL of a gateway: %s', (url, names) => {
    const path = parsePath(url)
    expect(path.root.equals(root)).toBe(true)
    expect(path.names).toEqual(names)
    expect(path.namespace).toBe('ipfs')
  })

  test.each([
    `/ipns/${root}`,
    'ipns://example.org/a',
    'http://127.0.0.1/ipns/example.org',
    'http://name.ipns.localhost/a',
  ])('says that names are not supported: %j', async (text) => {
    await expectCode('UNSUPPORTED', () => parsePath(text))
  })

  test.each([
    '',
    '/',
    '/ipfs',
    '/ipfs/',
    'ipfs://',
    `ipfs:/${root}`,
    `/${root}`,
    `/ipfs//${root}`,
    'http://x',
    'http://',
    'http://x/ipfs/',
    `http://x/api/${root}`,
    `http://a.${root}.ipfs.x/`,
    `http://x/ipfs/${root}/../..`,
    '..',
    'no cid/a',
  ])('refuses %j', (text) => expectCode('INVALID', () => parsePath(text)))

  test.each(['/..', '/a/../..', '/a/../../b', '/./..'])('does not go above the root: %s', (below) =>
    expectCode('INVALID', () => parsePath(`${root}${below}`)),
  )

  test('bounds the bytes of a path, not its characters', async () => {
    const room = 4096 - `${root}/`.length
    expect(parsePath(`${root}/${'a'.repeat(room)}`).names).toHaveLength(1)
    await expectCode('LIMIT', () => parsePath(`${root}/${'a'.repeat(room + 1)}`))
    await expectCode('LIMIT', () => parsePath(`${root}/${'é'.repeat(room - 10)}`))
  })
})

describe('resolvePath', () => {
  const link: ImportSource = { kind: 'symlink', target: 'file' }
  const tree = directorySource({
    file: fileSource(patternBytes(100)),
    link,
    dir: directorySource({ inner: fileSource(patternBytes(5)) }),
  })

  test('finds what a path names', async () => {
    const { root: top, entries, reader } = await imported(tree, { chunker: 'size-30' })
    for (const { path, cid } of entries) {
      const below = path.replace(/^root/, top.cid.toString())
      for (const text of [below, `${below}/`, `/ipfs/${below}`, `${below}/x/..`]) {
        expect((await resolvePath(reader, text)).toString()).toBe(cid.toString())
      }
    }
  })

  test('tells a name that is missing from a path that goes on below no directory', async () => {
    const { root: top, reader } = await imported(tree, { chunker: 'size-30' })
    for (const below of ['missing', 'dir/missing', 'File', 'dir/inner ']) {
      await expectCode('NOT_FOUND', () => resolvePath(reader, `${top.cid}/${below}`))
    }
    for (const below of ['file/x', 'dir/inner/x', 'link/x']) {
      await expectCode('INVALID', () => resolvePath(reader, `${top.cid}/${below}`))
    }
    await expectCode('NOT_FOUND', () => resolvePath(reader, `${rawBlock(9).cid}/x`))
    await expectCode('UNSUPPORTED', async () => {
      const { store, reader: other } = await imported(tree)
      const git = createBlock(Uint8Array.of(0xa0), { codec: 0x78 })
      await store.putMany([git])
      await resolvePath(other, `${git.cid}/x`)
    })
  })

  test('does not look at the root of a path without names', async () => {
    const { reader } = await imported(fileSource())
    expect((await resolvePath(reader, `${root}`)).equals(root)).toBe(true)
  })

  test('takes the first of two entries of one name', async () => {
    const { store, reader } = await imported(fileSource())
    const links = [rawBlock(1), rawBlock(2)].map(({ cid }) => ({ Hash: cid, Name: 'a', Tsize: 1 }))
    const twice = createBlock(encodeUnixFS({ type: 'directory', data: new Uint8Array(0), blockSizes: [] }, links), {
      codec: 0x70,
    })
    await store.putMany([twice])
    expect((await resolvePath(reader, `${twice.cid}/a`)).equals(rawBlock(1).cid)).toBe(true)
  })

  test('stops when told to', async () => {
    const { root: top, reader } = await imported(tree)
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(resolvePath(reader, `${top.cid}/file`, { signal })).rejects.toBe(signal.reason)
  })
})

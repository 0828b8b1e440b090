// Paths through every codec and through symbolic links.
import type { CID } from 'multiformats/cid'
import { describe, expect, test } from 'vitest'
import {
  codecByName,
  createBlock,
  decodeValue,
  encodeUnixFS,
  encodeValue,
  findNode,
  resolvePath,
  type Block,
  type BlockReader,
  type CodecName,
} from '../../src/index.ts'
import { patternBytes } from '../support/bytes.ts'
import { expectCode } from '../support/expect-code.ts'
import { directorySource, fileSource, imported } from '../support/import.ts'
import { rawBlock } from '../support/map-store.ts'

const leaf = rawBlock(1)

function node(codec: CodecName, json: string): Block {
  const value = decodeValue('dag-json', new TextEncoder().encode(json))
  return createBlock(encodeValue(codec, value), { codec: codecByName(codec) })
}

function readerOf(...blocks: readonly Block[]): BlockReader {
  const byText = new Map(blocks.map((block) => [block.cid.toString(), block]))
  return {
    get: async (cid: CID) => {
      const block = byText.get(cid.toString())
      if (block === undefined) throw new Error(`no block ${cid}`)
      return block
    },
  }
}

function symlink(target: string): Block {
  const data = { type: 'symlink', data: new TextEncoder().encode(target), blockSizes: [] } as const
  return createBlock(encodeUnixFS(data, []), { codec: 0x70 })
}

function directory(entries: Readonly<Record<string, Block>>): Block {
  const names = Object.keys(entries).toSorted()
  const links = names
    .flatMap((Name) => entries[Name]?.cid ?? [])
    .map((Hash, index) => ({ Hash, Name: names[index] ?? '', Tsize: 1 }))
  const data = { type: 'directory', data: new Uint8Array(0), blockSizes: [] } as const
  return createBlock(encodeUnixFS(data, links), { codec: 0x70 })
}

describe.for(['dag-cbor', 'dag-json'] as const)('through %s', (codec) => {
  const inner = node(codec, `{"x":[1,{"y":{"/":"${leaf.cid}"}}],"__proto__":2,"":3}`)
  const top = node(codec, `{"a":{"b":{"/":"${inner.cid}"},"length":[]},"0":true,"none":null}`)
  const reader = readerOf(inner, top, leaf)

  test.for([
    ['', top, []],
    ['a', top, ['a']],
    ['a/b', inner, []],
    ['a/b/x', inner, ['x']],
    ['a/b/x/1', inner, ['x', '1']],
    ['a/b/x/01', inner, ['x', '01']],
    ['a/b/x/1/y', leaf, []],
    ['a/b/__proto__', inner, ['__proto__']],
    ['0', top, ['0']],
    ['none', top, ['none']],
    ['a/b/../b/x/0', inner, ['x', '0']],
  ] as const)('%j', async ([below, { cid }, remainder]) => {
    const found = await findNode(reader, `${top.cid}/${below}`)
    expect([found.cid.toString(), found.remainder]).toEqual([cid.toString(), remainder])
    expect((await findNode(reader, `/ipld/${top.cid}/${below}`)).remainder).toEqual(remainder)
    if (remainder.length > 0) await expectCode('INVALID', () => resolvePath(reader, `${top.cid}/${below}`))
    else expect((await resolvePath(reader, `${top.cid}/${below}`)).equals(cid)).toBe(true)
  })

  test.for(['b', 'a/b/x/2', 'a/b/x/-1', 'a/b/x/1.0', 'a/length/length', 'a/constructor', '0/x', 'none/x', 'a/b/x/0/0'])(
    'nothing is at %j',
    (below) => expectCode('NOT_FOUND', () => findNode(reader, `${top.cid}/${below}`)),
  )

  test('a raw leaf has nothing below', () => expectCode('INVALID', () => findNode(reader, `${top.cid}/a/b/x/1/y/z`)))
})

test('dag-pb that is no UnixFS goes by the names of its links, and in /ipld/ by its logical form', async () => {
  const plain = node('dag-pb', `{"Links":[{"Hash":{"/":"${leaf.cid}"},"Name":"a","Tsize":5}]}`)
  const folder = directory({ b: plain })
  const reader = readerOf(plain, folder, leaf)
  expect((await resolvePath(reader, `${folder.cid}/b/a`)).equals(leaf.cid)).toBe(true)
  expect((await resolvePath(reader, `/ipld/${folder.cid}/Links/0/Hash/Links/0/Hash`)).equals(leaf.cid)).toBe(true)
  expect(await findNode(reader, `/ipld/${plain.cid}/Links/0/Tsize`)).toMatchObject({ value: 5 })
  await expectCode('NOT_FOUND', () => resolvePath(reader, `${folder.cid}/Links`))
  await expectCode('NOT_FOUND', () => resolvePath(reader, `/ipld/${folder.cid}/b`))
})

describe('symbolic links', () => {
  const links = {
    abs: symlink('/etc/passwd'),
    dots: symlink('../../..'),
    here: symlink('.'),
    loop: symlink('loop'),
    one: symlink('two/../two'),
    two: symlink('sub'),
    up: symlink('../top'),
  }
  const deep = directory({ file: leaf, top: symlink('..'), up: symlink('../sub/file') })
  const root = directory({ ...links, sub: deep })
  const reader = readerOf(root, deep, leaf, ...Object.values(links), symlink('..'), symlink('../sub/file'))

  test.for(['one/file', 'two/file', 'here/here/here/two/file', 'sub/top/sub/file', 'one/top/two/top/sub/file'])(
    '%s is followed within the root',
    async (below) => expect((await resolvePath(reader, `${root.cid}/${below}`)).equals(leaf.cid)).toBe(true),
  )

  test('one at the end is what is asked for', async () => {
    expect((await resolvePath(reader, `${root.cid}/two`)).equals(links.two.cid)).toBe(true)
  })

  test('one at the end is followed where that is asked for', async () => {
    const follow = (path: string) => resolvePath(reader, path, { followsLast: true })
    expect((await follow(`${root.cid}/sub/up`)).equals(leaf.cid)).toBe(true)
    expect((await follow(`${root.cid}/one`)).equals(deep.cid)).toBe(true)
    expect((await follow(`${root.cid}/here`)).equals(root.cid)).toBe(true)
    expect((await follow(`${root.cid}/sub/file`)).equals(leaf.cid)).toBe(true)
    for (const path of [`${root.cid}/abs`, `${root.cid}/dots`, `${links.two.cid}`, `${deep.cid}/top`])
      await expectCode('INVALID', () => follow(path))
    await expectCode('LIMIT', () => follow(`${root.cid}/loop`))
  })

  test('none leads out of the root, and none without end', async () => {
    for (const below of ['abs/x', 'dots/x', 'up/x', 'two/top/dots/x']) {
      await expectCode('INVALID', () => resolvePath(reader, `${root.cid}/${below}`))
    }
    await expectCode('LIMIT', () => resolvePath(reader, `${root.cid}/loop/x`))
    await expectCode('INVALID', () => resolvePath(reader, `${deep.cid}/top/sub`))
    await expectCode('INVALID', () => resolvePath(reader, `${links.two.cid}/file`))
  })

  test('targets that grow a path are bounded', async () => {
    const long = symlink('a/'.repeat(3000))
    const bomb = directory({ a: symlink('a/a/a/a/a/a'), b: long })
    await expectCode('LIMIT', () => resolvePath(readerOf(bomb, long, symlink('a/a/a/a/a/a')), `${bomb.cid}/a/x`))
    await expectCode('LIMIT', () => resolvePath(readerOf(bomb, long, symlink('a/a/a/a/a/a')), `${bomb.cid}/b/x`))
  })
})

test('through a sharded directory, from a link in dag-cbor', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 3000 }, (_, index) => [`file-${index}-${'x'.repeat(60)}`, fileSource(patternBytes(3, index))]),
  )
  const { root, store, reader } = await imported(directorySource(files))
  const top = node('dag-cbor', `{"site":{"/":"${root.cid}"}}`)
  await store.putMany([top])
  const cid = await resolvePath(reader, `${top.cid}/site/file-2345-${'x'.repeat(60)}`)
  expect((await reader.get(cid)).bytes).toEqual(patternBytes(3, 2345))
})

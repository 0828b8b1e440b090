// Trees that strangers made to write where they must not, and disks on which something stands in the way.
import { lstat, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { createBlock, DAG_PB_CODE, encodeUnixFS, RAW_CODE, type Block } from '@cairn/core'
import { encode } from '@ipld/dag-pb'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { expectFailed, openPlace, type Place } from './cairn.ts'

const EVIL = createBlock(Buffer.from('evil'), { codec: RAW_CODE })
const FOLDER = directory([{ name: 'evil', block: EVIL }])
const LINK = symlinkTo('../../victim')
const BAD_NAMES = ['..', '.', '', '/', 'a/b', '../evil', '/tmp/cairn-evil', 'a\0b', 'x'.repeat(300), 'link/evil']
const BAD_TREES = BAD_NAMES.map((name, index) => {
  // Every other one with a folder under the bad name.
  const bad = { name, block: index % 2 === 0 ? EVIL : FOLDER }
  return [name, directory([{ name: 'link', block: LINK }, bad])] as const
})

let place: Place
let repo: string
let count = 0
let out: string

beforeAll(async () => {
  place = await openPlace()
  repo = await place.repo('repo')
  await put([EVIL, FOLDER, LINK, ...BAD_TREES.map(([, tree]) => tree)])
  await mkdir(place.path('victim'))
  await writeFile(place.path('victim/file'), 'precious')
})

beforeEach(async () => {
  out = place.path(`out-${count++}`)
  await mkdir(out)
})

afterAll(() => place[Symbol.asyncDispose]())

const get = (block: Block, to = `${out}/tree`) => place.cairn(['--repo', repo, 'get', '-o', to, block.cid.toString()])

async function expectUntouched(): Promise<void> {
  expect(await readdir(place.path('victim'))).toEqual(['file'])
  expect(await readFile(place.path('victim/file'), 'utf8')).toBe('precious')
  expect((await readdir(place.folder)).filter((name) => name.includes('evil') || name.startsWith('.cairn'))).toEqual([])
  expect((await readdir(out, { recursive: true })).filter((name) => name.includes('.part'))).toEqual([])
}

test.for(BAD_TREES)('an entry named %j is refused', async ([, tree]) => {
  expectFailed(await get(tree))
  await expectUntouched()
})

test('of two entries with one name the first counts, so that no symbolic link is followed', async () => {
  const link = symlinkTo(place.path('victim'))
  const tree = directory([
    { name: 'x', block: link },
    { name: 'x', block: FOLDER },
    { name: 'x', block: EVIL },
  ])
  await put([link, tree])
  expect(await get(tree)).toMatchObject({ code: 0 })
  expect(await readlink(`${out}/tree/x`)).toBe(place.path('victim'))
  await expectUntouched()
})

test('a symbolic link that stands on the disk is never followed', async () => {
  await symlink(place.path('victim'), `${out}/tree`)
  expectFailed(await get(FOLDER))
  await symlink(place.path('victim/file'), `${out}/file`)
  expect(await get(EVIL, `${out}/file`)).toMatchObject({ code: 0 })
  expect((await lstat(`${out}/file`)).isFile()).toBe(true)

  const tree = directory([{ name: 'sub', block: FOLDER }])
  await put([tree])
  await mkdir(`${out}/merged`)
  await symlink(place.path('victim'), `${out}/merged/sub`)
  expectFailed(await get(tree, `${out}/merged`))
  await expectUntouched()
})

test('files are replaced, folders are merged, and a file never takes the place of a folder or the other way', async () => {
  await mkdir(`${out}/tree/evil/deep`, { recursive: true })
  expectFailed(await get(FOLDER))
  expect(await readdir(`${out}/tree/evil`)).toEqual(['deep'])
  await writeFile(`${out}/file`, 'old')
  expectFailed(await get(FOLDER, `${out}/file`))
  expect(await readFile(`${out}/file`, 'utf8')).toBe('old')
  expect(await get(EVIL, `${out}/file`)).toMatchObject({ code: 0 })
  expect(await readFile(`${out}/file`, 'utf8')).toBe('evil')
  await mkdir(`${out}/merged`)
  await writeFile(`${out}/merged/own`, 'own')
  expect(await get(FOLDER, `${out}/merged`)).toMatchObject({ code: 0 })
  expect((await readdir(`${out}/merged`)).toSorted()).toEqual(['evil', 'own'])
  expectFailed(await get(EVIL, `${out}/no/such/folder`))
  await expectUntouched()
})

test('a file whose target is a folder goes into it, and never through what stands there', async () => {
  const cid = EVIL.cid.toString()
  expect(await get(EVIL, out)).toMatchObject({ code: 0 })
  expect(await readdir(out)).toEqual([cid])
  expect(await get(EVIL, out)).toMatchObject({ code: 0 })
  await rm(`${out}/${cid}`)
  await symlink(place.path('victim'), `${out}/${cid}`)
  expect(await get(EVIL, out)).toMatchObject({ code: 0 })
  expect(await readFile(`${out}/${cid}`, 'utf8')).toBe('evil')
  await rm(`${out}/${cid}`)
  await mkdir(`${out}/${cid}`)
  expectFailed(await get(EVIL, out))
  await symlink(place.path('victim'), `${out}/link`)
  expect(await get(EVIL, `${out}/link`)).toMatchObject({ code: 0 })
  expect(await readFile(`${out}/link`, 'utf8')).toBe('evil')
  await expectUntouched()
})

test('a file whose parts are not what it says leaves no file', async () => {
  const data = { type: 'file', data: new Uint8Array(0), fileSize: 8, blockSizes: [4, 4] } as const
  const links = [EVIL, FOLDER].map(({ cid }) => ({ Hash: cid, Name: '', Tsize: 4 }))
  const liar = createBlock(encodeUnixFS(data, links), { codec: DAG_PB_CODE })
  const garbage = createBlock(Buffer.from('not protobuf'), { codec: DAG_PB_CODE })
  await put([liar, garbage])
  for (const block of [liar, garbage]) {
    expectFailed(await get(block))
    expect(await readdir(out)).toEqual([])
  }
})

test('what a listing shows of hostile names stays on its line', async () => {
  const tree = directory([{ name: '\u001B[2Ja\nbafy fake\r\u202E', block: EVIL }])
  await put([tree])
  const output = await place.output(['--repo', repo, 'ls', tree.cid.toString()])
  expect(output).toMatch(/^[\u0020-\u007E]+\n$/)
})

function directory(entries: readonly { readonly name: string; readonly block: Block }[]): Block {
  const links = entries.map(({ name, block }) => ({ Hash: block.cid, Name: name, Tsize: block.bytes.length }))
  links.sort((a, b) => Buffer.compare(Buffer.from(a.Name), Buffer.from(b.Name)))
  return createBlock(encode({ Data: Uint8Array.of(8, 1), Links: links }), { codec: DAG_PB_CODE })
}

function symlinkTo(target: string): Block {
  const data = { type: 'symlink', data: Buffer.from(target), blockSizes: [] } as const
  return createBlock(encodeUnixFS(data, []), { codec: DAG_PB_CODE })
}

/** Puts the blocks with one process for each codec. */
async function put(blocks: readonly Block[]): Promise<void> {
  for (const [codec, code] of [
    ['raw', RAW_CODE],
    ['dag-pb', DAG_PB_CODE],
  ] as const) {
    const chosen = blocks.filter(({ cid }) => cid.code === code)
    for (const [index, { bytes }] of chosen.entries()) await writeFile(place.path(`block-${index}`), bytes)
    if (chosen.length === 0) continue
    const files = chosen.map((_, index) => `block-${index}`)
    const output = await place.output(['--repo', repo, 'block', 'put', '--cid-codec', codec, ...files])
    expect(output.trimEnd().split('\n')).toEqual(chosen.map(({ cid }) => cid.toString()))
  }
}

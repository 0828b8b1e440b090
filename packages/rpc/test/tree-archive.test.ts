// Archives, as the tar and gzip of the system read them.
import { execFileSync } from 'node:child_process'
import { lstatSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { createBlock, RAW_CODE, type TreeBytes, type TreeItem } from '@cairn/core'
import { expect, test } from 'vitest'
import { fileOf, gzipOf, tarOf } from '../src/index.ts'
import { tempFolder } from './temp-folder.ts'

const { cid } = createBlock(new Uint8Array(0), { codec: RAW_CODE })

const folder = (path: string): TreeItem => ({ kind: 'directory', path, cid })
const file = (path: string, size: number, metadata = {}): TreeItem => ({ kind: 'file', path, cid, size, ...metadata })
const link = (path: string, target: string): TreeItem => ({ kind: 'symlink', path, cid, target })
const bytes = (path: string, content: Uint8Array): TreeBytes => ({
  kind: 'bytes',
  path,
  bytes: content,
  isKnown: false,
})

async function* stream(...items: readonly (TreeItem | TreeBytes | Error)[]): AsyncGenerator<TreeItem | TreeBytes> {
  for (const item of items) {
    if (item instanceof Error) throw item
    yield item
  }
}

const all = async (pieces: AsyncIterable<Uint8Array>) => Buffer.concat(await Array.fromAsync(pieces))

test('an archive holds a tree with names, contents, modes, times and links', async () => {
  const long = 'ü'.repeat(120)
  const big = new Uint8Array(3_000_000).fill(7)
  const items = [
    folder(''),
    file('/a', 5, { mode: 0o640, mtime: { seconds: 1000n, nanoseconds: 5 } }),
    bytes('/a', Buffer.from('he')),
    bytes('/a', Buffer.from('llo')),
    file('/empty', 0),
    folder('/sub'),
    folder(`/sub/${long}`),
    file(`/sub/${long}/${long}`, big.length),
    bytes(`/sub/${long}/${long}`, big),
    link('/to', `sub/${long}`),
  ]
  const out = await tempFolder()
  const archive = await all(tarOf(stream(...items), 'root'))
  execFileSync('tar', ['-xpf', '-', '-C', out], { input: archive })
  const at = (path: string) => join(out, 'root', path)
  expect(readFileSync(at('a'), 'utf8')).toBe('hello')
  expect(lstatSync(at('a'))).toMatchObject({ mode: 0o100640, mtimeMs: 1_000_000 })
  expect(lstatSync(at('empty')).size).toBe(0)
  expect(readFileSync(at(`sub/${long}/${long}`)).equals(big)).toBe(true)
  expect(readlinkSync(at('to'))).toBe(`sub/${long}`)
  expect(await all(tarOf(stream(...items), 'root'))).toEqual(archive)
})

test('times beyond those of tar and of people are kept as far as can be', async () => {
  const items = [8_589_934_592n, 99_999_999_999n, 2n ** 63n - 1n, -5n].map((seconds, index) =>
    file(`/${index}`, 0, { mtime: { seconds, nanoseconds: 0 } }),
  )
  const archive = await all(tarOf(stream(folder(''), ...items), 'root'))
  const listed = execFileSync('tar', ['-tvf', '-', '--full-time', '--utc'], { input: archive, encoding: 'utf8' })
  const years = listed.split('\n').flatMap((line) => / (\d+)-\d\d-\d\d /.exec(line)?.[1] ?? [])
  expect(years).toEqual(['1970', '2242', '5138', '285428751', '1970'])
})

test('gzip of a file and of an archive', async () => {
  const content = Buffer.alloc(1_000_000, 'text ')
  const items = [file('', content.length), bytes('', content)]
  expect(gunzipSync(await all(gzipOf(fileOf(stream(...items)), 9))).equals(content)).toBe(true)
  const archive = await all(tarOf(stream(...items), 'name'))
  expect(gunzipSync(await all(gzipOf(tarOf(stream(...items), 'name')))).equals(archive)).toBe(true)
})

test('a name that leaves its folder, a failing tree and a folder without archive end in their errors', async () => {
  await expect(all(tarOf(stream(folder(''), file('/..', 0)), 'x'))).rejects.toMatchObject({ code: 'INVALID' })
  await expect(all(fileOf(stream(folder(''))))).rejects.toMatchObject({ code: 'INVALID' })
  const failure = new Error('the peer has gone')
  const broken = () => stream(folder(''), file('/a', 3), bytes('/a', Buffer.from('a')), failure)
  await expect(all(tarOf(broken(), 'x'))).rejects.toBe(failure)
  await expect(all(gzipOf(tarOf(broken(), 'x')))).rejects.toBe(failure)
})

test('a reader that ends early ends the tree', async () => {
  let isEnded = false
  async function* endless() {
    try {
      yield file('', 2 ** 40)
      for (;;) yield bytes('', new Uint8Array(1 << 20))
    } finally {
      isEnded = true
    }
  }
  for await (const _ of gzipOf(tarOf(endless(), 'x'))) break
  expect(isEnded).toBe(true)
})

import { lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createBlock, RAW_CODE, type TreeBytes, type TreeItem } from '@cairn/core'
import { describe, expect, test } from 'vitest'
import { writeTree } from '../../src/disk/disk-target.ts'
import { TreeContent } from '../../src/disk/tree-content.ts'
import { tempFolder } from '../temp-folder.ts'

const { cid } = createBlock(new Uint8Array(0), { codec: RAW_CODE })

const folder = (path: string, metadata = {}): TreeItem => ({ kind: 'directory', path, cid, ...metadata })
const file = (path: string, metadata = {}): TreeItem => ({ kind: 'file', path, cid, size: 0, ...metadata })
const link = (path: string, target: string): TreeItem => ({ kind: 'symlink', path, cid, target })
const bytes = (path: string, text: string): TreeBytes => ({
  kind: 'bytes',
  path,
  bytes: Buffer.from(text),
  isKnown: false,
})

async function* stream(...items: readonly (TreeItem | TreeBytes | Error)[]): AsyncGenerator<TreeItem | TreeBytes> {
  for (const item of items) {
    if (item instanceof Error) throw item
    yield item
  }
}

const write = (path: string, ...items: readonly (TreeItem | TreeBytes | Error)[]) =>
  writeTree({ items: stream(...items), path, content: new TreeContent(path) }, () => undefined)

test('writes files in pieces, folders, links, modes and times', async () => {
  const out = join(await tempFolder(), 'out')
  const written = await write(
    out,
    folder('', { mode: 0o500, mtime: { seconds: 1000n, nanoseconds: 500_000_000 } }),
    file('/a', { mode: 0o6755 }),
    bytes('/a', 'one'),
    bytes('/a', 'two'),
    folder('/sub'),
    link('/sub/link', '../a'),
    file('/sub/old', { mtime: { seconds: -5n, nanoseconds: 0 } }),
  )
  expect(written).toEqual({ files: 2, directories: 2, symlinks: 1, bytes: 6, knownBytes: 0 })
  expect(await readFile(join(out, 'a'), 'utf8')).toBe('onetwo')
  expect((await stat(join(out, 'a'))).mode & 0o7777).toBe(0o755)
  expect(await readlink(join(out, 'sub/link'))).toBe('../a')
  expect((await stat(join(out, 'sub/old'))).mtimeMs).toBe(0)
  const { mode, mtimeMs } = await stat(out)
  expect([mode & 0o777, mtimeMs]).toEqual([0o500, 1_000_500])
})

test('a link has its own time, and one too late for the disk is no failure', async () => {
  const out = join(await tempFolder(), 'out')
  await write(
    out,
    folder(''),
    { ...link('/link', 'late'), mode: 0o600, mtime: { seconds: 1000n, nanoseconds: 500_000_000 } },
    file('/late', { mtime: { seconds: 2n ** 63n - 1n, nanoseconds: 0 } }),
  )
  expect((await lstat(join(out, 'link'))).mtimeMs).toBe(1_000_500)
  expect((await lstat(join(out, 'late'))).mtimeMs).toBeGreaterThan(0x7fff_ffff * 1000)
})

test('a failure in the middle keeps what is whole and removes what is not', async () => {
  const out = join(await tempFolder(), 'out')
  const failure = new Error('the peer has gone')
  const items = [folder(''), file('/whole'), bytes('/whole', 'w'), file('/half'), bytes('/half', 'h'), failure]
  await expect(write(out, ...items)).rejects.toBe(failure)
  expect(await readdir(out)).toEqual(['whole'])
})

describe('names', () => {
  test.for(['..', '.', '', 'a/b', 'a\0b', '../../x'])('%j is refused', async (name) => {
    const out = join(await tempFolder(), 'out')
    await expect(write(out, folder(''), file(`/${name}`))).rejects.toMatchObject({ code: 'INVALID' })
    expect(await readdir(out)).toEqual([])
  })

  test('nothing is written below what is not a folder of the same tree', async () => {
    const base = await tempFolder()
    const out = join(base, 'out')
    await mkdir(join(base, 'victim'))
    const items = [folder(''), link('/x', '../victim'), file('/x/evil')]
    await expect(write(out, ...items)).rejects.toMatchObject({ code: 'INVALID' })
    await expect(write(out, folder(''), folder('/x'))).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await readdir(join(base, 'victim'))).toEqual([])
  })
})

test('a file or link takes the place of a file or link, and never follows it', async () => {
  const base = await tempFolder()
  await writeFile(join(base, 'victim'), 'precious')
  await symlink('victim', join(base, 'out'))
  await write(join(base, 'out'), file(''), bytes('', 'new'))
  expect((await lstat(join(base, 'out'))).isFile()).toBe(true)
  await write(join(base, 'out'), link('', 'nowhere'))
  expect(await readlink(join(base, 'out'))).toBe('nowhere')
  expect(await readFile(join(base, 'victim'), 'utf8')).toBe('precious')
  expect((await readdir(base)).toSorted()).toEqual(['out', 'victim'])
})

test.for([
  ['a file over a folder', 'taken', [file('')], 'INVALID'],
  ['a link over a folder', 'taken', [link('', 'x')], 'INVALID'],
  ['a folder over a file', 'taken/file', [folder('')], 'CONFLICT'],
  ['into a folder that is not there', 'no/where', [file('')], 'NOT_FOUND'],
  ['a folder in one that is not there', 'no/where', [folder('')], 'NOT_FOUND'],
  ['a name that is too long', 'x'.repeat(300), [folder('')], 'INVALID'],
] as const)('%s is refused', async ([, name, items, code]) => {
  const base = await tempFolder()
  await mkdir(join(base, 'taken'))
  await writeFile(join(base, 'taken/file'), 'mine')
  await expect(write(join(base, name), ...items)).rejects.toMatchObject({ code })
  expect(await readFile(join(base, 'taken/file'), 'utf8')).toBe('mine')
  expect(await readdir(base)).toEqual(['taken'])
})

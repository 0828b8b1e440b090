import { closeSync, readdirSync, readlinkSync } from 'node:fs'
import { chmod, lutimes, mkdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NamedSource } from '@cairn/core'
import { expect, test } from 'vitest'
import { diskSources, totalBytesOf, type DiskSourceOptions } from '../../src/disk/disk-source.ts'
import { tempFolder } from '../temp-folder.ts'

const OPTIONS: DiskSourceOptions = { recursive: true, hidden: false, signal: new AbortController().signal }

/** Everything in a source: contents of files, targets of links, entries of folders. */
async function readAll({ name, source }: NamedSource): Promise<unknown> {
  if (source.kind === 'symlink') return [name, source.target]
  if (source.kind === 'file') return [name, Buffer.concat(await Array.fromAsync(source.content())).toString('latin1')]
  return [name, await Promise.all((await Array.fromAsync(source.entries())).map(readAll))]
}

async function makeTree(): Promise<string> {
  const folder = join(await tempFolder(), 'tree')
  await mkdir(join(folder, 'sub'), { recursive: true })
  await writeFile(join(folder, 'file'), 'content')
  await writeFile(join(folder, 'empty'), '')
  await writeFile(join(folder, '.hidden'), 'secret')
  await symlink('../file', join(folder, 'sub/link'))
  return folder
}

test('folders are read with everything in them, hidden files only when asked for', async () => {
  const folder = await makeTree()
  const [source] = diskSources([`${folder}/`], OPTIONS)
  const entries = [
    ['empty', ''],
    ['file', 'content'],
    ['sub', [['link', '../file']]],
  ]
  expect(source && (await readAll(source))).toEqual(['tree', entries])
  const [all] = diskSources([folder], { ...OPTIONS, hidden: true })
  expect(all && (await readAll(all))).toEqual(['tree', [['.hidden', 'secret'], ...entries]])
  expect(await totalBytesOf([folder], OPTIONS)).toBe(7)
  expect(await totalBytesOf([folder, join(folder, 'nowhere')], { ...OPTIONS, hidden: true })).toBe(13)
})

test('a hidden path that is named is taken', async () => {
  const folder = await makeTree()
  const [source] = diskSources([join(folder, '.hidden')], OPTIONS)
  expect(source && (await readAll(source))).toEqual(['.hidden', 'secret'])
})

test('rules of .gitignore leave out what they match, below the named folder only', async () => {
  const folder = await makeTree()
  await mkdir(join(folder, 'sub/build'))
  await writeFile(join(folder, 'sub/build/deep.log'), '')
  await writeFile(join(folder, 'sub/keep.log'), '')
  await writeFile(join(folder, 'File'), '')
  await writeFile(join(folder, 'rules'), '# comment\n*.log\nbuild/\n')
  const taken = async (options: Partial<DiskSourceOptions>) => {
    const [source] = diskSources([folder], { ...OPTIONS, ...options })
    return JSON.stringify(source && (await readAll(source))).match(/[\w.]+(?=",)/g)
  }
  const ignoreRulesPath = join(folder, 'rules')
  expect(await taken({ ignoreRulesPath })).toEqual(['tree', 'File', 'empty', 'file', 'rules', 'sub', 'link'])
  expect(await taken({ ignoreRulesPath, ignore: ['!keep.log', '/file'] })).toEqual(
    ['tree', 'File', 'empty', 'rules', 'sub', 'keep.log', 'link'], //
  )
  expect(await taken({ ignore: ['*', '!*/'] })).toEqual(['tree', 'sub', 'build'])
  expect(await totalBytesOf([folder], { ...OPTIONS, ignore: ['rules'] })).toBe(7)
  expect(() => diskSources([folder], { ...OPTIONS, ignoreRulesPath: join(folder, 'nowhere') })).toThrow(
    expect.objectContaining({ code: 'NOT_FOUND' }),
  )
})

test('links that are followed stand for what they point to', async () => {
  const folder = await makeTree()
  await symlink('sub', join(folder, 'again'))
  await symlink('nowhere', join(folder, 'dangling'))
  const named = diskSources([join(folder, 'again')], { ...OPTIONS, followLinks: 'named' })
  expect(named[0] && (await readAll(named[0]))).toEqual(['again', [['link', '../file']]])
  const options = { ...OPTIONS, followLinks: 'all', ignore: ['dangling'] } as const
  const [all] = diskSources([folder], options)
  const sub = [['link', 'content']]
  const entries = [
    ['again', sub],
    ['empty', ''],
    ['file', 'content'],
    ['sub', sub],
  ]
  expect(all && (await readAll(all))).toEqual(['tree', entries])
  const [broken] = diskSources([folder], { ...options, ignore: [] })
  await expect(broken && readAll(broken)).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test.each(['..', '.', 'self'])('a link to %s that is followed ends with an error', async (target) => {
  const folder = await makeTree()
  await symlink(target, join(folder, 'sub/self'))
  const options = { ...OPTIONS, followLinks: 'all' } as const
  const [source] = diskSources([folder], options)
  await expect(source && readAll(source)).rejects.toMatchObject({ code: 'INVALID' })
  expect(await totalBytesOf([folder], options)).toBeGreaterThan(0)
})

test('permissions and times are taken along when asked for, to the nanosecond and before 1970', async () => {
  const folder = await makeTree()
  await chmod(join(folder, 'file'), 0o4750)
  await utimes(join(folder, 'file'), new Date(-1500), new Date(-1500))
  await lutimes(join(folder, 'sub/link'), 7, 7)
  const metadataOf = (path: string, options: Partial<DiskSourceOptions>) =>
    diskSources([join(folder, path)], { ...OPTIONS, ...options })[0]?.source.metadata
  expect(metadataOf('file', {})).toEqual({})
  expect(metadataOf('file', { preserveMode: true })).toEqual({ mode: 0o4750 })
  expect(metadataOf('file', { preserveMtime: true })).toEqual({ mtime: { seconds: -2n, nanoseconds: 500_000_000 } })
  expect(metadataOf('sub/link', { preserveMtime: true })).toEqual({ mtime: { seconds: 7n, nanoseconds: 0 } })
})

const KIB = 1024

test.for([0, 1, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, KIB * KIB, 2 * KIB * KIB, 2 * KIB * KIB + 3])(
  'a file of %i bytes comes whole',
  async (size) => {
    const folder = await tempFolder()
    const bytes = Buffer.from(Array.from({ length: size }, (_, index) => index % 251))
    await writeFile(join(folder, 'file'), bytes)
    const [source] = diskSources([join(folder, 'file')], OPTIONS)
    expect(source && (await readAll(source))).toEqual(['file', bytes.toString('latin1')])
  },
)

test('a file that does not tell its size comes whole', async () => {
  const [source] = diskSources(['/proc/self/status'], OPTIONS)
  expect(JSON.stringify(source && (await readAll(source)))).toContain('VmRSS')
})

test.for([
  ['nowhere', 'NOT_FOUND'],
  ['tree/file/below', 'INVALID'],
  ['tree', 'INVALID'],
] as const)('%s is refused before anything is read', async ([path, code]) => {
  const folder = await makeTree()
  const options = { ...OPTIONS, recursive: false }
  expect(() => diskSources([join(folder, '..', path)], options)).toThrow(expect.objectContaining({ code }))
})

test('what is not UTF-8 is refused', async () => {
  const folder = await makeTree()
  await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.of(0xff)]), '')
  await symlink(Buffer.of(0xff), join(folder, 'sub/bad'))
  for (const path of [folder, join(folder, 'sub')]) {
    const [source] = diskSources([path], OPTIONS)
    await expect(source && readAll(source)).rejects.toMatchObject({ code: 'INVALID' })
  }
})

test('an abort ends the reading', async () => {
  const folder = await makeTree()
  const stop = new AbortController()
  const [source] = diskSources([folder], { ...OPTIONS, signal: stop.signal })
  stop.abort(new Error('stop'))
  await expect(source && readAll(source)).rejects.toThrow('stop')
})

test('a read that fails while the piece before is in use is told in its turn', async () => {
  const path = join(await tempFolder(), 'file')
  await writeFile(path, Buffer.alloc(3 * KIB * KIB))
  const [source] = diskSources([path], OPTIONS)
  if (source?.source.kind !== 'file') return expect.fail('it is a file')
  const unhandled: unknown[] = []
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', onUnhandled)
  const pieces = source.source.content()[Symbol.asyncIterator]()
  const readSlowly = async (): Promise<void> => {
    while ((await pieces.next()).done !== true) await sleep(30)
  }
  await pieces.next()
  closeSync(filesOpenAt(path)[0] ?? -1)
  await sleep(30)
  await expect(readSlowly()).rejects.toThrow('EBADF')
  process.off('unhandledRejection', onUnhandled)
  expect(unhandled).toEqual([])
})

function filesOpenAt(path: string): number[] {
  const files = readdirSync('/proc/self/fd').map(Number)
  return files.filter((file) => {
    try {
      return readlinkSync(`/proc/self/fd/${file}`) === path
    } catch {
      return false // that of the listing itself
    }
  })
}

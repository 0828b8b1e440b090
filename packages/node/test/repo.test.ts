import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { defaultRepoPath } from '../src/config/repo-path.ts'
import { createRepo, openRepo, readRepo } from '../src/repo.ts'
import { tempFolder } from './temp-folder.ts'

/** The path of a new repo. */
async function newRepo(): Promise<string> {
  const path = join(await tempFolder(), 'a', 'repo')
  await createRepo(path, 'test')
  return path
}

test('a repo is made once, is private, and reads back', async () => {
  const path = await newRepo()
  expect((await readdir(path)).toSorted()).toEqual(['config', 'version'])
  expect((await stat(path)).mode & 0o077).toBe(0)
  expect((await stat(join(path, 'config'))).mode & 0o077).toBe(0)
  const { config, version } = await readRepo(path)
  expect(version).toBe(1)
  await expect(createRepo(path, 'lan')).rejects.toMatchObject({ code: 'CONFLICT' })
  expect((await readRepo(path)).config).toEqual(config)
})

test('a repo has one owner at a time, and is read meanwhile', async () => {
  const path = await newRepo()
  const repo = await openRepo(path)
  expect(await readFile(join(path, 'repo.lock'), 'utf8')).toBe(`${process.pid}\n`)
  await expect(openRepo(path)).rejects.toMatchObject({ code: 'LOCKED' })
  expect((await readRepo(path)).config).toEqual(repo.config)
  await repo.close()
  expect(await readdir(path)).not.toContain('repo.lock')
  const again = await openRepo(path)
  await again.close()
})

test.for([
  ['NOT_FOUND', (path: string) => rm(path, { recursive: true })],
  ['NOT_FOUND', (path: string) => rm(join(path, 'version'))],
  ['NOT_FOUND', (path: string) => rm(join(path, 'config'))],
  ['UNSUPPORTED', (path: string) => writeFile(join(path, 'version'), '99\n')],
  ['UNSUPPORTED', (path: string) => writeFile(join(path, 'datastore_spec'), '{}')],
  ['INVALID', (path: string) => writeFile(join(path, 'version'), 'one')],
  ['INVALID', (path: string) => writeFile(join(path, 'config'), '{')],
] as const)('%s for a repo that is missing, newer or damaged: %s', async ([code, harm]) => {
  const path = await newRepo()
  await harm(path)
  await expect(readRepo(path)).rejects.toMatchObject({ code })
  await expect(openRepo(path)).rejects.toMatchObject({ code })
})

test('a repo whose databases cannot be opened is let go of', async () => {
  const path = await newRepo()
  await writeFile(join(path, 'blocks'), 'a file where a folder should be')
  await expect(openRepo(path)).rejects.toHaveProperty('code')
  await rm(join(path, 'blocks'))
  await (await openRepo(path)).close()
})

test('what stands in the way of a new repo is told', async () => {
  const folder = await tempFolder()
  await writeFile(join(folder, 'file'), '')
  await expect(createRepo(join(folder, 'file'), 'test')).rejects.toMatchObject({ code: 'CONFLICT' })
  await expect(createRepo(join(folder, 'file/below'), 'test')).rejects.toMatchObject({ code: 'INVALID' })
})

test('a place where no folder can be made is told, and does not hang', async () => {
  await expect(createRepo('/proc/cairn/repo', 'test')).rejects.toHaveProperty(
    'code',
    expect.stringMatching(/NOT_FOUND|DENIED/),
  )
})

test('a folder that may not be written is DENIED', async ({ skip }) => {
  if (process.getuid?.() === 0) return skip('root may write everywhere')
  const folder = await tempFolder()
  await mkdir(join(folder, 'closed'))
  await chmod(join(folder, 'closed'), 0o500)
  await expect(createRepo(join(folder, 'closed/repo'), 'test')).rejects.toMatchObject({ code: 'DENIED' })
})

test('the path is that of the first variable that says something', () => {
  expect(defaultRepoPath({ CAIRN_PATH: '/a', IPFS_PATH: '/b' })).toBe('/a')
  expect(defaultRepoPath({ CAIRN_PATH: '', IPFS_PATH: '/b' })).toBe('/b')
  expect(defaultRepoPath({ IPFS_PATH: '' })).toMatch(/\/\.cairn$/)
})

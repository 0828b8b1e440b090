// Mutable files on the command line: each command, its JSON with Kubo's field names, and what it refuses.
import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { expectFailed, expectUsageError, jsonLines, openPlace, type Place } from './cairn.ts'

/** Of `hello`, as a raw block. */
const HELLO = 'bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq'

let place: Place
let repo: string
let count = 0

beforeAll(async () => {
  place = await openPlace()
  await writeFile(place.path('hello'), 'hello')
})

afterAll(() => place[Symbol.asyncDispose]())

beforeEach(async () => {
  repo = await place.repo(`repo-${count++}`)
})

const cairn = (...args: readonly string[]) => place.output(['--repo', repo, ...args])
const json = async (...args: readonly string[]) => jsonLines(await cairn(...args, '--json'))
const run = (...args: readonly string[]) => place.cairn(['--repo', repo, ...args])

describe('files', () => {
  test('are written, read, listed and looked at', async () => {
    expect(await json('files', 'ls')).toEqual([{ Entries: null }])
    await cairn('files', 'write', '--create', '--parents', '/a/hello', place.path('hello'))
    expect(await cairn('files', 'read', '/a/hello')).toBe('hello')
    expect(await cairn('files', 'read', '-o', '1', '-n', '3', '/a/hello')).toBe('ell')
    expect(await json('files', 'ls', '/a')).toEqual([{ Entries: [{ Name: 'hello', Type: 0, Size: 0, Hash: '' }] }])
    expect(await json('files', 'ls', '-l', '/a/hello')).toEqual([
      { Entries: [{ Name: 'hello', Type: 0, Size: 5, Hash: HELLO }] },
    ])
    expect(await cairn('files', 'ls', '-l')).toMatch(/^a\/\tbafybei\w+\t0\n$/)
    expect(await json('files', 'stat', '/a/hello')).toEqual([
      { Hash: HELLO, Size: 5, CumulativeSize: 5, Blocks: 0, Type: 'file' },
    ])
    expect(await cairn('files', 'stat', '--format', '<type> <size> <childs>', '/a')).toBe('directory 0 1\n')
    expect(await json('files', 'stat', '--with-local', '/a/hello')).toMatchObject([
      { WithLocality: true, Local: true, SizeLocal: 5 },
    ])
    const [{ Cid }] = (await json('files', 'flush', '/a/hello')) as [{ Cid: string }]
    expect(Cid).toBe(HELLO)
    expectUsageError(await run('files', 'stat', '--hash', '--size', '/'))
    expectFailed(await run('files', 'read', '-o', '6', '/a/hello'))
  })

  test('are copied from content, moved and removed, and outlive a collection', async () => {
    const hash = (await cairn('add', '-Q', '--pin=false', 'hello')).trim()
    await cairn('files', 'cp', `/ipfs/${hash}`, '/')
    await cairn('files', 'mkdir', '-p', '/x/y')
    await cairn('files', 'mv', `/${hash}`, '/x/y/moved')
    expectFailed(await run('files', 'rm', '/x'))
    await cairn('repo', 'gc')
    expect(await cairn('files', 'read', '/x/y/moved')).toBe('hello')
    await cairn('files', 'rm', '-r', '/x')
    await cairn('files', 'rm', '--force', '/x')
    await cairn('repo', 'gc')
    expectFailed(await run('cat', hash))
    expect(await cairn('files', 'ls')).toBe('')
  })

  test('carry mode and time, and the CID version of their folder', async () => {
    await cairn('files', 'chcid', '--cid-version', '0')
    await cairn('files', 'write', '-e', '/f', place.path('hello'))
    await cairn('files', 'chmod', '0640', '/f')
    await cairn('files', 'touch', '--mtime', '12345', '--mtime-nsecs', '6', '/f')
    const [stat] = await json('files', 'stat', '/f')
    expect(stat).toMatchObject({ Size: 5, Mode: '0640', Mtime: 12345, MtimeNsecs: 6 })
    expect(stat).toHaveProperty('Hash', expect.stringMatching(/^Qm/))
  })

  test('take what is added, whole and only once', async () => {
    await cairn('add', '--to-files', '/', 'hello')
    expect(await cairn('files', 'read', '/hello')).toBe('hello')
    await cairn('add', '--to-files', '/other', 'hello')
    expectFailed(await run('add', '--to-files', '/other', 'hello'))
    expectFailed(await run('add', '--to-files', '/missing/', 'hello'))
    expect(await cairn('files', 'ls')).toBe('hello\nother\n')
    expect(await readFile(place.path('hello'), 'utf8')).toBe('hello')
  })
})

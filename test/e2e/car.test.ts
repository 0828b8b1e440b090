// CARs on the command line: out of one repo and into another, from standard input, cut off, killed, and into files.
import { readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { expectFailed, expectUsageError, jsonLines, openPlace, type Place } from './cairn.ts'

const FILE_BYTES = 24 * 1024 * 1024

let place: Place
let repo: string
let root: string
let target: string
let count = 0

beforeAll(async () => {
  place = await openPlace()
  repo = await place.repo('source')
  await writeFile(
    place.path('file'),
    Uint8Array.from({ length: FILE_BYTES }, (_, at) => (at * 2_654_435_761) >>> 24),
  )
  root = (await place.output(['--repo', repo, 'add', '-Q', '-w', 'file'])).trimEnd()
  await exportRoot('-o', 'whole.car')
})

afterAll(() => place[Symbol.asyncDispose]())

beforeEach(async () => {
  target = await place.repo(`target-${count++}`)
})

const exportRoot = (...args: readonly string[]) => place.output(['--repo', repo, 'dag', 'export', root, ...args])
const load = (...args: readonly string[]) => place.cairn(['--repo', target, 'dag', 'import', ...args])
const car = () => readFile(place.path('whole.car'))

describe('dag import', () => {
  test('takes what dag export wrote, pins it, and gives it back', async () => {
    const { code, stdout } = await load('--stats', 'whole.car')
    expect(code).toBe(0)
    expect(stdout.toString()).toMatch(
      new RegExp(`^Pinned root\\t${root}\\tsuccess\nImported \\d+ blocks \\(\\d+ bytes\\)\n$`),
    )
    expect(await place.output(['--repo', target, 'pin', 'ls', '--type', 'recursive'])).toBe(`${root} recursive\n`)
    const { stdout: content } = await place.cairn(['--repo', target, 'cat', `${root}/file`])
    expect(content.equals(await readFile(place.path('file')))).toBe(true)
    const again = await place.cairn(['--repo', target, 'dag', 'export', root])
    expect(again.stdout.equals(await car())).toBe(true)
  })

  test('reads standard input when no file is named, and follows a link', async () => {
    const { stdout } = await place.cairn(['--repo', target, 'dag', 'import', '--json', '--stats'], {
      input: [await car()],
    })
    expect(jsonLines(stdout.toString())).toEqual([
      { Root: { Cid: { '/': root }, PinErrorMsg: '' } },
      { Stats: { BlockCount: expect.any(Number), BlockBytesCount: expect.any(Number) } },
    ])
    await symlink('whole.car', place.path('link.car'))
    expect((await load('link.car')).code).toBe(0)
  })

  test('of a CAR that is cut off pins nothing, keeps whole batches, and goes on from them', async () => {
    await writeFile(place.path('cut.car'), (await car()).subarray(0, -100))
    expectFailed(await load('cut.car'))
    expect(await place.output(['--repo', target, 'pin', 'ls'])).toBe('')
    const blocks = async () =>
      jsonLines(await place.output(['--repo', target, 'repo', 'stat', '--json']))[0]?.['NumObjects']
    expect(await blocks()).toBeGreaterThan(0)
    expect((await load('whole.car')).code).toBe(0)
  })

  test('that is killed can be run again', async () => {
    const run = place.start(['--repo', target, 'dag', 'import'], { input: 'open' })
    run.child.stdin?.on('error', () => undefined).write((await car()).subarray(0, FILE_BYTES / 2))
    await new Promise((resolve) => setTimeout(resolve, 500))
    run.child.kill('SIGKILL')
    expect((await run.ended).signal).toBe('SIGKILL')
    expect((await load('--silent', 'whole.car')).stdout.toString()).toBe('')
    expect(await place.output(['--repo', target, 'pin', 'verify', '--verbose'])).toContain(root)
  })

  test('fails for a root that lacks a block, unless it is not to be pinned', async () => {
    await place.output(['--repo', repo, 'dag', 'export', '--dag-scope', 'block', '-o', 'part.car', `${root}/file`])
    const { code, stdout, stderr } = await load('part.car')
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 1, stdout: expect.stringMatching(/\tFAILED: /) })
    expect(stderr).toMatch(/^Error: Cannot pin 1 of 1 root[^\n]*\n$/)
    expect((await load('--local-only', 'part.car')).code).toBe(0)
    expect((await load('--pin-roots=false', 'part.car')).code).toBe(0)
    expectFailed(await load('--local-only', '--pin-roots', 'part.car'))
  })

  test('refuses what is no CAR, no file, or not there', async () => {
    expectFailed(await load('file'))
    expectFailed(await load('.'))
    expectFailed(await load('nothing.car'))
    expectFailed(await load())
  })
})

describe('dag export', () => {
  test('to a file leaves what stood there when it fails, and no part of its own', async () => {
    await load('--silent', '--local-only', 'whole.car')
    await writeFile(place.path('kept.car'), 'kept')
    const block = (await place.output(['--repo', target, 'refs', '-r', root])).trimEnd().split('\n').at(-1) ?? ''
    await place.output(['--repo', target, 'block', 'rm', block])
    expectFailed(await place.cairn(['--repo', target, 'dag', 'export', '-o', 'kept.car', root]))
    expect(await readFile(place.path('kept.car'), 'utf8')).toBe('kept')
    expect((await readdir(place.folder)).filter((name) => name.endsWith('.part'))).toEqual([])
    const { code, stdout } = await place.cairn(['--repo', target, 'dag', 'export', '--local-only', root])
    expect(code).toBe(0)
    expect(stdout.length).toBeLessThan((await stat(place.path('whole.car'))).size)
  })

  test('gives the blocks of a range with those that prove the path', async () => {
    const { stdout } = await place.cairn([
      '--repo',
      repo,
      'dag',
      'export',
      '--entity-bytes',
      '5000000:5000009',
      `${root}/file`,
    ])
    const imported = await place.cairn(['--repo', target, 'dag', 'import', '--local-only'], { input: [stdout] })
    expect(imported.code).toBe(0)
    const read = await place.cairn(['--repo', target, 'cat', '--offset', '5000000', '--length', '10', `${root}/file`])
    expect(read.stdout.equals((await readFile(place.path('file'))).subarray(5_000_000, 5_000_010))).toBe(true)
    expect(stdout.length).toBeLessThan(2 * 1024 * 1024)
  })

  test('fails before the first byte for what is not there, and refuses options that contradict', async () => {
    expectFailed(await place.cairn(['--repo', target, 'dag', 'export', root]))
    expectFailed(await place.cairn(['--repo', repo, 'dag', 'export', `${root}/nothing`]))
    expectFailed(
      await place.cairn(['--repo', repo, 'dag', 'export', '--dag-scope', 'all', '--entity-bytes', '0:1', root]),
    )
    expectFailed(await place.cairn(['--repo', repo, 'dag', 'export', '--local-only', '--dag-scope', 'block', root]))
    expectUsageError(await place.cairn(['--repo', repo, 'dag', 'export', '--entity-bytes', 'x', root]))
    expectUsageError(await place.cairn(['--repo', repo, 'dag', 'export', '--dag-scope', 'some', root]))
  })
})

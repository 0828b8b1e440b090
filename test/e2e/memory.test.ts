// Memory stays bounded however large the input is. CAIRN_BIG_MIB and CAIRN_MANY_FILES make it larger, by hand:
// 4096 and 50000 are what the project promises.
import { createCipheriv, createHash, type Hash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { jsonLines, openPlace, type Ended, type Place } from './cairn.ts'

const BIG_MIB = Number(process.env['CAIRN_BIG_MIB'] ?? 768)
const MANY_FILES = Number(process.env['CAIRN_MANY_FILES'] ?? 5000)
const PEAK_BYTES_MAX = 400e6
/** Milliseconds for either test: a slow disk takes 100 MiB or 500 files in 10 s. */
const TIMEOUT_MS = 60_000 + BIG_MIB * 100 + MANY_FILES * 20

let place: Place

beforeAll(async () => {
  place = await openPlace()
})

afterAll(() => place[Symbol.asyncDispose]())

test(`${BIG_MIB} MiB go in and come out in little memory`, { timeout: TIMEOUT_MS }, async () => {
  const repo = await place.repo('big')
  const written = createHash('sha256')
  const added = await place.cairn(['--repo', repo, 'add', '-Q', '-'], { input: generated(written) })
  expectSmall(added)
  const read = createHash('sha256')
  const root = added.stdout.toString().trimEnd()
  expectSmall(await place.cairn(['--repo', repo, 'cat', root], { read: (stdout) => hashAll(stdout, read) }))
  expect(read.digest('hex')).toBe(written.digest('hex'))
})

test(
  `${MANY_FILES} files go in, over the network, and come out in little memory`,
  { timeout: TIMEOUT_MS },
  async () => {
    const [repo, other] = [await place.repo('many'), await place.repo('other')]
    await mkdir(place.path('files'))
    for (let number = 0; number < MANY_FILES; number++) await writeFile(place.path('files', `${number}`), `${number}`)
    const added = await place.cairn(['--repo', repo, 'add', '-r', '-Q', 'files'])
    expectSmall(added)
    const daemon = await place.daemon(repo)
    const root = added.stdout.toString().trimEnd()
    const got = await place.cairn(['--repo', other, 'get', '--json', '-o', 'copy', '--peer', daemon.address, root])
    expectSmall(got)
    expect(jsonLines(got.stdout.toString())).toMatchObject([{ Files: MANY_FILES }])
    daemon.child.kill('SIGINT')
    expectSmall(await daemon.ended)
    const names = await readdir(place.path('copy'))
    expect(names).toHaveLength(MANY_FILES)
    for (const name of names) expect(await readFile(place.path('copy', name), 'utf8')).toBe(name)
  },
)

function expectSmall({ code, stderr, peakBytes }: Ended): void {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(peakBytes).toBeLessThan(PEAK_BYTES_MAX)
  // It is measured where there is /proc.
  if (process.platform === 'linux') expect(peakBytes).toBeGreaterThan(0)
}

/** Bytes that no two chunks share, and their hash. */
function* generated(hash: Hash): Generator<Uint8Array> {
  const cipher = createCipheriv('chacha20', Buffer.alloc(32, 1), Buffer.alloc(16))
  const zeros = Buffer.alloc(1 << 20)
  for (let piece = 0; piece < BIG_MIB; piece++) {
    const bytes = cipher.update(zeros)
    hash.update(bytes)
    yield bytes
  }
}

async function hashAll(stdout: Readable, hash: Hash): Promise<void> {
  for await (const piece of stdout) hash.update(piece as Uint8Array)
}

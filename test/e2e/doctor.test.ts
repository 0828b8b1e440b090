// `cairn doctor` beside what it is to find, between real processes.
import { open, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chacha20 } from '../vectors/inputs.ts'
import { jsonLines, openPlace, type Daemon, type Place } from './cairn.ts'

const MISSING = 'bafkreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
const CONTENT = Buffer.from(chacha20('looked at', 3 * 1024 * 1024))

let place: Place
let daemon: Daemon
let source: string
let root: string

beforeAll(async () => {
  place = await openPlace()
  await writeFile(place.path('file'), CONTENT)
  source = await place.repo('source')
  root = (await place.output(['--repo', source, 'add', '-Q', 'file'])).trimEnd()
  daemon = await place.daemon(source)
}, 60_000)

afterAll(() => place[Symbol.asyncDispose]())

interface Finding {
  readonly Check: string
  readonly Status: string
  readonly Found: string
}

/** Exit code and findings of `cairn doctor`. */
async function doctor(...args: readonly string[]): Promise<{ code: number | null; of(check: string): Finding[] }> {
  const { code, stdout } = await place.cairn([...args, '--json'])
  const findings = jsonLines<Finding & Record<string, unknown>>(stdout.toString())
  return { code, of: (check) => findings.filter(({ Check }) => Check === check) }
}

test('content that is here, pinned and served is sound', async () => {
  const { code, of } = await doctor('--repo', source, 'doctor', root)
  expect(code).toBe(0)
  expect(of('content')).toEqual([
    { Check: 'content', Status: 'ok', Found: expect.stringMatching(/ is here whole: 4 blocks/) },
  ])
  expect(of('pin')).toEqual([{ Check: 'pin', Status: 'ok', Found: 'it is pinned, recursive' }])
  expect(of('listening')[0]?.Found).toContain(daemon.address)
})

test('a node that is offline cannot have what is not here', async () => {
  const { code, of } = await doctor('--repo', await place.repo('alone'), 'doctor', root)
  expect(code).toBe(1)
  expect(of('network')[0]?.Status).toBe('note')
  expect(of('content')[0]?.Found).toBe(`${root} is not here`)
  expect(of('fetch')[0]?.Status).toBe('bad')
})

test('a peer that has it sends it, and one that lacks it is named', async () => {
  const repo = await place.repo('reader')
  const peer = daemon.address.slice(daemon.address.lastIndexOf('/') + 1)
  const found = await doctor('--repo', repo, 'doctor', '--peer', daemon.address, root)
  expect([found.code, found.of('peers')[0]?.Status, found.of('fetch')[0]?.Status]).toEqual([0, 'ok', 'ok'])
  expect(found.of('fetch')[0]?.Found).toContain(peer)
  const lacking = await doctor('--repo', repo, 'doctor', '--peer', daemon.address, MISSING)
  expect(lacking.code).toBe(1)
  expect(lacking.of('peer')[0]?.Found).toMatch(new RegExp(`^${peer} lacks ${MISSING}`))
  expect(lacking.of('fetch')[0]).toMatchObject({ Status: 'bad', Found: expect.stringContaining('all lack it') })
})

test('a path that leads nowhere, and a limit that leaves no room', async () => {
  const repo = await place.repo('small')
  await place.output(['--repo', repo, 'config', 'Datastore.StorageMax', '50MB'])
  const { code, of } = await doctor('--repo', repo, 'doctor', `${MISSING}/name`)
  expect(code).toBe(1)
  expect(of('path')[0]?.Status).toBe('bad')
  expect(of('room')[0]?.Status).toBe('bad')
})

test('a block whose bytes have changed on disk', async () => {
  const repo = await place.repo('damaged')
  const cid = (await place.output(['--repo', repo, 'add', '-Q', '--chunker=size-65536', 'file'])).trimEnd()
  expect(await corrupt(join(repo, 'blocks'), CONTENT.subarray(200_000, 200_064))).toBe(true)
  await place.cairn(['--repo', repo, 'repo', 'verify'])
  const { code, of } = await doctor('--repo', repo, 'doctor', cid)
  expect(code).toBe(1)
  expect([...of('damaged'), ...of('missing')]).not.toEqual([])
})

/** Changes one byte where `bytes` stand in a file of a folder; gives whether they were found. */
async function corrupt(folder: string, bytes: Uint8Array): Promise<boolean> {
  for (const name of await readdir(folder)) {
    const at = (await readFile(join(folder, name))).indexOf(bytes)
    if (at < 0) continue
    await using file = await open(join(folder, name), 'r+')
    await file.write(Uint8Array.of((bytes[0] ?? 0) ^ 1), 0, 1, at)
    return true
  }
  return false
}

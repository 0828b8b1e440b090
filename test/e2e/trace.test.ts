// What a command tells of its fetches, between real processes: where blocks come from, and why one does not come.
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { chacha20 } from '../vectors/inputs.ts'
import { expectFailed, jsonLines, openPlace, type Daemon, type Place } from './cairn.ts'

const CONTENT = Buffer.from(chacha20('traced', 3 * 1024 * 1024))
const MISSING = 'bafkreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'

interface Line {
  readonly Event: string
  readonly [field: string]: unknown
}

let place: Place
let daemon: Daemon
let root: string

beforeAll(async () => {
  place = await openPlace()
  await writeFile(place.path('file'), CONTENT)
  const repo = await place.repo('one')
  root = (await place.output(['--repo', repo, 'add', '-Q', 'file'])).trimEnd()
  daemon = await place.daemon(repo)
}, 60_000)

afterAll(() => place[Symbol.asyncDispose]())

function kinds(lines: readonly Line[], cid: unknown): string[] {
  return lines.filter(({ Cid }) => Cid === cid).map(({ Event }) => Event)
}

test('a trace on standard error tells of each block, and output stays what it was', async () => {
  const repo = await place.repo('cat')
  const { code, stdout, stderr } = await place.cairn(['--repo', repo, 'cat', '--trace', '--peer', daemon.address, root])
  expect([code, stdout.equals(CONTENT)]).toEqual([0, true])
  const lines = jsonLines<Line>(stderr)
  const received = lines.filter(({ Event }) => Event === 'received')
  expect(received).toHaveLength(4)
  const peer = daemon.address.slice(daemon.address.lastIndexOf('/') + 1)
  for (const { Cid, Use, Peer } of received) {
    expect([Use, Peer]).toEqual(['wanted', peer])
    expect(kinds(lines, Cid)).toEqual(['wanted', 'asked', 'received'])
  }
  const bytes = received.reduce((sum, { Bytes }) => sum + Number(Bytes), 0)
  expect(bytes).toBeGreaterThan(CONTENT.length)
  expect(lines.at(-1)).toMatchObject({
    Event: 'summary',
    Blocks: 4,
    Bytes: bytes,
    UsefulBytes: bytes,
    WastedBytes: 0,
    Waiting: 0,
    Dropped: 0,
    Peers: [{ Peer: peer, Blocks: 4, Bytes: bytes, Share: 1, Answers: 4 }],
  })
})

test('a trace goes into a file, and tells what is here already', async () => {
  const repo = await place.repo('get')
  const get = ['--repo', repo, 'get', '--trace=trace.jsonl', '-o', 'copy', '--peer', daemon.address, root]
  expect((await place.cairn(get)).code).toBe(0)
  expect(jsonLines<Line>(await readFile(place.path('trace.jsonl'), 'utf8')).at(-1)).toMatchObject({ Blocks: 4 })
  await place.output(['--repo', repo, 'pin', 'add', '--trace=trace.jsonl', root])
  const lines = jsonLines<Line>(await readFile(place.path('trace.jsonl'), 'utf8'))
  expect(lines.filter(({ Event }) => Event === 'found').length).toBeGreaterThan(0)
  expect(lines.at(-1)).toMatchObject({ Event: 'summary', Blocks: 0, Peers: [] })
})

test('a file that cannot be written is one line, before anything is fetched', async () => {
  const repo = await place.repo('unwritable')
  const { code, stdout, stderr } = await place.cairn([
    '--repo',
    repo,
    'cat',
    '--trace=no/folder/here',
    '--peer',
    daemon.address,
    root,
  ])
  expect([code, stdout.length]).toEqual([1, 0])
  expect(stderr).toMatch(/^Error: Cannot [^\n]+\n$/)
})

test('of a block that nobody has it says so', async () => {
  const repo = await place.repo('lacking')
  const { code, stderr } = await place.cairn([
    '--repo',
    repo,
    '--timeout',
    '4s',
    'cat',
    '--trace=lacking.jsonl',
    '--peer',
    daemon.address,
    MISSING,
  ])
  expect([code, stderr.split('\n').length]).toEqual([1, 2])
  const lines = jsonLines<Line>(await readFile(place.path('lacking.jsonl'), 'utf8'))
  expect(lines).toContainEqual(expect.objectContaining({ Event: 'answered', Cid: MISSING, Has: false }))
  const waiting = lines.filter(({ Event }) => Event === 'waiting')
  expect(new Set(waiting.map(({ Reason }) => Reason))).toEqual(new Set(['all lack it']))
  expect(lines.slice(-2)).toMatchObject([
    { Event: 'ended', Cid: MISSING },
    { Event: 'summary', Blocks: 0, Waiting: 0 },
  ])
})

test('of a peer that takes questions and never answers it says that it is silent', async () => {
  const url = await stallingGateway()
  const repo = await place.repo('stalled')
  const { code } = await place.cairn([
    '--repo',
    repo,
    '--timeout',
    '9s',
    'cat',
    '--trace=stalled.jsonl',
    '--peer',
    url,
    MISSING,
  ])
  expect(code).toBe(1)
  const lines = jsonLines<Line>(await readFile(place.path('stalled.jsonl'), 'utf8'))
  const waiting = lines.filter(({ Event }) => Event === 'waiting')
  expect(waiting.at(-1)).toMatchObject({ Reason: 'silent', Asked: [{ Peer: url, Silent: true }], Peers: 1 })
  expect(lines).toContainEqual(expect.objectContaining({ Event: 'moved', Peer: url, Why: 'silent' }))
  expect(lines.some(({ Event }) => Event === 'answered' || Event === 'received')).toBe(false)
})

test('of a node without peers it says that there is none', async () => {
  const repo = await place.repo('alone')
  const { stderr } = await place.cairn(['--repo', repo, 'cat', '--trace', root])
  expect(stderr).toMatch(/^\{"Event":"summary"[^\n]+\}\nError: Cannot [^\n]+\n$/)
})

/** A gateway that answers the probe, and nothing else. */
async function stallingGateway(): Promise<string> {
  const server = createServer(({ url = '' }, response) => {
    if (!url.startsWith('/ipfs/bafkqaaa')) return
    response.setHeader('content-type', 'application/vnd.ipld.raw').end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a daemon that does the work tells no trace, and says so', async () => {
  expectFailed(await place.cairn(['--repo', place.path('one'), 'cat', '--trace', root]))
})

// The main job between two processes: one node adds a real folder and serves it, others get it by its CID.
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compareTrees } from '../demo/compare-trees.ts'
import { chacha20 } from '../vectors/inputs.ts'
import { expectFailed, jsonLines, openPlace, type Daemon, type Place } from './cairn.ts'

/** Entries with long names: more than a plain directory of the default profile holds. */
const SHARDED_ENTRIES = 1500
const LONG_NAME = 'a name that takes room in the block of a directory '.repeat(4)
const LARGE = Buffer.from(chacha20('large', 5 * 1024 * 1024 + 17))

let place: Place
let daemon: Daemon
let root: string
/** Identity of the serving node. */
let server: string

beforeAll(async () => {
  place = await openPlace()
  await makeFolder(place.path('source'))
  const repo = await place.repo('one')
  root = (await place.output(['--repo', repo, 'add', '-r', '-Q', 'source'])).trimEnd()
  server = jsonLines<{ ID: string }>(await place.output(['--repo', repo, 'id', '--json']))[0]?.ID ?? ''
  daemon = await place.daemon(repo)
}, 60_000)

afterAll(() => place[Symbol.asyncDispose]())

test('get writes the same bytes, fetches each block once, and needs no peer the second time', async () => {
  const repo = await place.repo('getter')
  const [saved] = jsonLines<Saved>(
    await place.output(['--repo', repo, 'get', '--json', '-o', 'copy', '--peer', daemon.address, root]),
  )
  const compared = await compareTrees(place.path('source'), place.path('copy'))
  expect(compared.files).toBe(SHARDED_ENTRIES + 5)
  expect(saved).toMatchObject({
    Path: place.path('copy'),
    Files: compared.files,
    Directories: 5,
    Symlinks: 2,
    Bytes: compared.bytes,
  })
  const [stat] = jsonLines<{ NumObjects: number }>(await place.output(['--repo', repo, 'repo', 'stat', '--json']))
  // The empty file is a block that is never sent.
  expect(saved?.Exchange).toMatchObject({ BlocksReceived: (stat?.NumObjects ?? 0) - 1, DupBlksReceived: 0 })

  // Alone: nobody is asked, and the last name of the path is the name on disk.
  const again = await place.cairn(['--repo', repo, 'get', `${root}/deep`])
  expect(again).toMatchObject({ code: 0, stdout: Buffer.alloc(0) })
  await compareTrees(place.path('source/deep'), place.path('deep'))
})

test('cat fetches from the peer, whole and by range', async () => {
  const repo = await place.repo('reader')
  const path = `/ipfs/${root}/deep/er/large.bin`
  const read = async (...args: readonly string[]) =>
    (await place.cairn(['--repo', repo, 'cat', ...args, '--peer', daemon.address, path])).stdout
  expect((await read('--offset', '1048570', '--length', '20')).equals(LARGE.subarray(1_048_570, 1_048_590))).toBe(true)
  expect((await read('--offset', String(LARGE.length - 3))).equals(LARGE.subarray(-3))).toBe(true)
  expect(await read('--offset', String(LARGE.length + 1))).toHaveLength(0)
  expect((await read()).equals(LARGE)).toBe(true)
})

test('a peer that is named before the path takes no more than its address', async () => {
  const repo = await place.repo('named')
  const { stdout } = await place.cairn(['--repo', repo, 'cat', '--peer', daemon.address, `${root}/ünïcödé/日本 🎉.txt`])
  expect(stdout.toString()).toBe('unicode')
})

test('ls looks into peers, in both forms', async () => {
  const repo = await place.repo('lister')
  const peer = ['--peer', daemon.address]
  const lines = (await place.output(['--repo', repo, 'ls', ...peer, root])).trimEnd().split('\n')
  expect(lines.map((line) => line.split(' ').slice(1).join(' '))).toEqual(
    ['0 empty', '- deep/', '0 link', '- many/', '- ünïcödé/'].toSorted((a, b) =>
      Buffer.compare(Buffer.from(a.slice(2)), Buffer.from(b.slice(2))),
    ),
  )
  const objects = jsonLines<Listing>(await place.output(['--repo', repo, 'ls', '--json', `${root}/many`, ...peer]))
  const links = objects.flatMap(({ Objects }) => Objects.flatMap(({ Links }) => Links))
  expect(links).toHaveLength(SHARDED_ENTRIES)
  expect(new Set(links.map(({ Name }) => Name)).size).toBe(SHARDED_ENTRIES)
  expect(Object.keys(links[0] ?? {}).toSorted()).toEqual(['Hash', 'ModTime', 'Mode', 'Name', 'Size', 'Target', 'Type'])
})

test('pin add fetches the whole DAG and keeps it from collection', async () => {
  const repo = await place.repo('keeper')
  const at = (...args: readonly string[]) => ['--repo', repo, ...args]
  const deep = `${root}/deep`
  const [pinned] = jsonLines<{ Pins: string[] }>(
    await place.output(at('pin', 'add', '--json', '--peer', daemon.address, deep)),
  )
  const [cid = ''] = pinned?.Pins ?? []
  // Of the directory above it, only what the path needed came; a collection takes that.
  const removed = jsonLines<{ Key: { '/': string } }>(await place.output(at('repo', 'gc', '-q', '--json')))
  expect(removed).toHaveLength(1)
  expect(await place.output(at('pin', 'ls', '--type', 'recursive'))).toBe(`${cid} recursive\n`)
  const refs = jsonLines<{ Ref: string; Err: string }>(await place.output(at('refs', '-r', '-u', '--json', cid)))
  expect(new Set(refs.map(({ Ref }) => Ref)).size).toBe(refs.length)
  const [stat] = jsonLines<{ NumObjects: number }>(await place.output(at('repo', 'stat', '--json')))
  expect(stat?.NumObjects).toBe(refs.length + 1)
  expect((await place.cairn(at('cat', `${cid}/er/large.bin`))).stdout.equals(LARGE)).toBe(true)
})

test('swarm connect and peers meet the daemon', async () => {
  const repo = await place.repo('social')
  const connected = await place.output(['--repo', repo, 'swarm', 'connect', daemon.address])
  expect(connected).toBe(`connect ${server} success\n`)
  expect(await place.output(['--repo', repo, 'swarm', 'peers', daemon.address])).toBe(`${daemon.address}\n`)
  const [value] = jsonLines(await place.output(['--repo', repo, 'swarm', 'peers', '--json', daemon.address]))
  const Addr = daemon.address.slice(0, daemon.address.indexOf('/p2p/'))
  expect(value).toEqual({ Peers: [{ Addr, Peer: server, Direction: 2 }] })
  expect(await place.output(['--repo', repo, 'swarm', 'peers'])).toBe('')
})

test('what the daemon cannot give is one line, and the daemon lives on', async () => {
  const repo = await place.repo('asker')
  const missing = 'bafkreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
  expectFailed(await place.cairn(['--repo', repo, '--timeout', '1s', 'cat', '--peer', daemon.address, missing]))
  const wrong = daemon.address.replace(/[^/]+$/, '12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo')
  for (const address of ['/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/udp/4001', 'nonsense', wrong]) {
    expectFailed(await place.cairn(['--repo', repo, 'cat', '--peer', address, root]))
  }
  expect(await place.output(['--repo', repo, 'block', 'stat', '--peer', daemon.address, root])).toContain(root)
})

interface Saved {
  readonly Exchange: object
}

interface Listing {
  readonly Objects: readonly { readonly Links: readonly { readonly Name: string }[] }[]
}

async function makeFolder(folder: string): Promise<void> {
  for (const name of ['deep/er', 'many', 'ünïcödé']) await mkdir(`${folder}/${name}`, { recursive: true })
  await writeFile(`${folder}/empty`, '')
  await writeFile(`${folder}/deep/er/large.bin`, LARGE)
  await writeFile(`${folder}/deep/run.sh`, '#!/bin/sh\nexit 0\n')
  await chmod(`${folder}/deep/run.sh`, 0o755)
  await writeFile(`${folder}/ünïcödé/日本 🎉.txt`, 'unicode')
  await writeFile(`${folder}/ünïcödé/a'b"c\\d\n`, 'odd')
  await symlink('deep/er/large.bin', `${folder}/link`)
  await symlink('/nowhere', `${folder}/deep/er/dangling`)
  for (let number = 0; number < SHARDED_ENTRIES; number++)
    await writeFile(`${folder}/many/${LONG_NAME}${number}`, `${number}`)
}

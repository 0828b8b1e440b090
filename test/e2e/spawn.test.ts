// What programs rely on that start an IPFS daemon by its path and know Kubo: flags, lines, files, and a config that they rewrite.
import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPlace, type Place, type Run } from './cairn.ts'

const INIT = ['init', '--bits', '2048', '--algorithm', 'ed25519', '--empty-repo', '--profile', 'test,randomports,test']
const DAEMON = [
  'daemon',
  '--migrate',
  '--enable-gc=true',
  '--enable-pubsub-experiment',
  '--enable-namesys-pubsub',
  '--routing=dhtclient',
  '--agent-version-suffix=desktop',
]
/** As ipfsd-ctl writes it. */
const KUBO_SWARM = [
  '/ip4/127.0.0.1/tcp/0',
  '/ip4/127.0.0.1/tcp/0/ws',
  '/ip4/127.0.0.1/udp/0/quic-v1',
  '/ip4/127.0.0.1/udp/0/quic-v1/webtransport',
  '/ip4/127.0.0.1/udp/0/webrtc-direct',
]

let place: Place

beforeAll(async () => {
  place = await openPlace()
})

afterAll(() => place[Symbol.asyncDispose]())

/** A repo with the config that such programs write, by the name of its folder. */
async function newRepo(name: string): Promise<string> {
  const path = place.path(name)
  await place.output(['--repo', path, ...INIT])
  const config = JSON.parse(await readFile(`${path}/config`, 'utf8')) as Record<string, unknown>
  config['Addresses'] = {
    API: '/ip4/127.0.0.1/tcp/0',
    Gateway: '/ip4/127.0.0.1/tcp/0',
    Swarm: KUBO_SWARM,
    Announce: [],
  }
  config['API'] = { HTTPHeaders: { 'Access-Control-Allow-Origin': ['*'], 'Access-Control-Allow-Methods': ['PUT'] } }
  config['Swarm'] = { ConnMgr: {}, Transports: { Network: { Relay: false } }, DisableNatPortMap: true }
  await writeFile(`${path}/config`, JSON.stringify(config))
  return path
}

interface Started extends Run {
  readonly lines: readonly string[]
  /** Where its RPC is. */
  readonly url: string
}

async function start(args: readonly string[]): Promise<Started> {
  const lines: string[] = []
  const ready = Promise.withResolvers<void>()
  const run = place.start(args, {
    async read(stdout) {
      for await (const line of createInterface({ input: stdout })) {
        lines.push(line)
        if (line === 'Daemon is ready') ready.resolve()
      }
      ready.reject(new Error('it ended'))
    },
  })
  await ready.promise
  const [, host, port] =
    lines.map((line) => /API.* listening on: \/ip4\/(.*)\/tcp\/(\d+)$/.exec(line)).find(Boolean) ?? []
  return { ...run, lines, url: `http://${host}:${port}/api/v0` }
}

async function post(url: string): Promise<unknown> {
  const response = await fetch(url, { method: 'POST' })
  const text = await response.text()
  return text === '' ? undefined : JSON.parse(text)
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

test('a daemon with flags and config of Kubo starts, answers and shuts down', async () => {
  const repo = await newRepo('online')
  const daemon = await start(['--repo', repo, ...DAEMON])
  expect(daemon.lines.filter((line) => line.startsWith('Swarm listening'))).toHaveLength(2)
  expect(await isThere(`${repo}/api`)).toBe(true)
  expect(await post(`${daemon.url}/id`)).toMatchObject({ AgentVersion: expect.stringMatching(/^cairn\/.*\/desktop$/) })
  expect(await post(`${daemon.url}/version`)).toMatchObject({ Version: expect.stringMatching(/^\d+\.\d+\.\d+$/) })
  expect(await post(`${daemon.url}/shutdown`)).toBeUndefined()
  const ended = await daemon.ended
  expect(ended.code).toBe(0)
  // One warning for each transport that is not there.
  expect(ended.stderr.match(/Warning: /g)).toHaveLength(3)
  expect(await isThere(`${repo}/api`)).toBe(false)
})

test('an offline daemon meets nobody', async () => {
  const repo = await newRepo('offline')
  const daemon = await start(['--repo', repo, 'daemon', '--offline'])
  expect(daemon.lines.some((line) => line.startsWith('Swarm'))).toBe(false)
  expect(await post(`${daemon.url}/id`)).toMatchObject({ Addresses: [], Protocols: [] })
  for (const path of ['name/publish?arg=a&key=b', 'p2p/ls', 'routing/findprovs?arg=a'])
    expect(await post(`${daemon.url}/${path}`)).toMatchObject({ Type: 'error', Code: 0 })
  expect(JSON.stringify(await post(`${daemon.url}/commands`))).not.toContain('publish')
  expect((await fetch(`${daemon.url}/nonsense`, { method: 'POST' })).status).toBe(404)
  expect(await post(`${daemon.url}/swarm/peers`)).toMatchObject({ Type: 'error', Code: 0 })
  expect(await place.output(['--repo', repo, 'shutdown'])).toBe('')
  expect((await daemon.ended).code).toBe(0)
  const failed = await place.cairn(['--repo', repo, 'shutdown'])
  expect(failed.code).toBe(1)
})

test('a daemon that is ended by a signal leaves no api file', async () => {
  const repo = await newRepo('signal')
  const daemon = await start(['--repo', repo, 'daemon', '--offline'])
  daemon.child.kill('SIGTERM')
  await once(daemon.child, 'exit')
  expect(await isThere(`${repo}/api`)).toBe(false)
})

test('a daemon makes its repo where there is none, and leaves the one that is there', async () => {
  const repo = place.path('made')
  const args = ['--repo', repo, 'daemon', '--offline', '--init', '--init-profile', 'test,randomports']
  for (const isNew of [true, false]) {
    const daemon = await start(args)
    expect(daemon.lines.some((line) => line.startsWith('initialized'))).toBe(isNew)
    daemon.child.kill('SIGTERM')
    expect(await daemon.ended).toMatchObject({ code: 0, stderr: '' })
  }
  expect(
    (await place.cairn(['--repo', place.path('none'), 'daemon', '--init', '--init-profile', 'nonsense'])).code,
  ).toBe(2)
  // What is there and cannot be read is nothing to write over.
  await writeFile(`${repo}/version`, 'x')
  expect((await place.cairn(args)).code).toBe(1)
  expect(await readFile(`${repo}/version`, 'utf8')).toBe('x')
})

test('a profile of an unknown name, or another algorithm, makes no repo', async () => {
  for (const args of [
    ['--profile', 'test,nonsense'],
    ['--algorithm', 'rsa'],
  ]) {
    expect((await place.cairn(['--repo', place.path('none'), 'init', ...args])).code).toBe(2)
    expect(await isThere(place.path('none'))).toBe(false)
  }
})

// Where the RPC of a daemon listens, who may call it, and how the command line finds it.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { createRepo, readRepo } from '@cairn/node'
import { newSecret } from '@cairn/rpc'
import { expect, onTestFinished, test } from 'vitest'
import { openApi, type Api } from '../../src/daemon/api.ts'
import { findDaemon } from '../../src/daemon/find-daemon.ts'
import { openWatch } from '../../src/daemon/watch.ts'
import { Session } from '../../src/session.ts'
import { tempFolder } from '../temp-folder.ts'

interface OpenedApi {
  readonly path: string
  open(): Promise<Api>
}

/** A repo whose config has `changes` beside what is new in it. */
async function withConfig(changes: Readonly<Record<string, unknown>>): Promise<OpenedApi> {
  const path = join(await tempFolder(), 'repo')
  await createRepo(path, 'test')
  const file = join(path, 'config')
  const config = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>
  await writeFile(file, JSON.stringify({ ...config, ...changes }))
  const session = new Session({ repo: path, json: false, peers: [] })
  onTestFinished(() => session[Symbol.asyncDispose]())
  return {
    path,
    async open() {
      const watch = openWatch(session, { config: (await session.repo()).config })
      const api = await openApi(session, await session.node(), { agentSuffix: '', watch, shutdown: () => undefined })
      onTestFinished(() => api[Symbol.asyncDispose]())
      return api
    },
  }
}

const listens = (API: string) => ({ Addresses: { Swarm: [], API: [API] } })

/** What a client of the daemon at `path` gets of the version of its repo. */
async function call(path: string, apiAuth?: string): Promise<string> {
  const client = await findDaemon(path, { apiAuth })
  if (client === undefined) throw new Error('there is no daemon')
  onTestFinished(() => client.close())
  const query = new URLSearchParams({ encoding: 'events' })
  const { signal } = new AbortController()
  return Buffer.concat(await Array.fromAsync(client.call({ path: ['repo', 'version'], query, signal }))).toString()
}

test.for(['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/0', '/ip4/192.168.0.1/tcp/0'])(
  '%s is refused while everybody could call',
  async (address) => {
    const { open } = await withConfig(listens(address))
    await expect(open()).rejects.toMatchObject({ code: 'DENIED' })
  },
)

test.for(['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.2/tcp/0', '/dns4/localhost/tcp/0'])(
  '%s needs no secret, and leaves its address in the repo while it is open',
  async (address) => {
    const { path, open } = await withConfig(listens(address))
    expect(await findDaemon(path, {})).toBeUndefined()
    const api = await open()
    expect(await readFile(join(path, 'api'), 'utf8')).toBe(api.servers[0]?.address)
    expect(await call(path)).toContain('Version')
    await api[Symbol.asyncDispose]()
    expect(await findDaemon(path, {})).toBeUndefined()
  },
)

test('a stranger at the address that a killed daemon has left gets no command', async () => {
  const { path, open } = await withConfig(listens('/ip4/127.0.0.1/tcp/0'))
  const api = await open()
  const left = await Promise.all(['api', 'api.key'].map((name) => readFile(join(path, name))))
  await api[Symbol.asyncDispose]()
  const other = await withConfig(listens('/ip4/127.0.0.1/tcp/0'))
  const stranger = await other.open()
  await writeFile(join(path, 'api'), stranger.servers[0]?.address ?? '')
  await writeFile(join(path, 'api.key'), left[1] ?? '')
  expect(await findDaemon(path, {})).toBeUndefined()
  const bare = createServer((_, response) => response.end('anything'))
  await once(bare.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void bare.close())
  const { port } = bare.address() as { readonly port: number }
  await writeFile(join(path, 'api'), `/ip4/127.0.0.1/tcp/${port}`)
  expect(await findDaemon(path, {})).toBeUndefined()
  // Without a key somebody has written the address by hand.
  await rm(join(path, 'api.key'))
  expect(await findDaemon(path, {})).toBeDefined()
})

test('the key by which a daemon proves itself is for its owner, and ends with it', async () => {
  const { path, open } = await withConfig(listens('/ip4/127.0.0.1/tcp/0'))
  await writeFile(join(path, 'api.key'), 'old', { mode: 0o644 })
  const api = await open()
  expect((await stat(join(path, 'api.key'))).mode & 0o777).toBe(0o600)
  await api[Symbol.asyncDispose]()
  await expect(stat(join(path, 'api.key'))).rejects.toThrow('ENOENT')
})

test('a Unix socket is for its owner, also where a daemon that was killed has left one', async () => {
  const folder = await tempFolder()
  const socket = join(folder, 's')
  const server = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`
  spawnSync(process.execPath, ['-e', server, socket])
  expect((await stat(socket)).isSocket()).toBe(true)
  const { path, open } = await withConfig(listens(`/unix${socket}`))
  await open()
  expect(await call(path)).toContain('Version')
  expect((await stat(socket)).mode & 0o777).toBe(0o600)
  const second = await withConfig(listens(`/unix${socket}`))
  await expect(second.open()).rejects.toMatchObject({ code: expect.any(String) })
})

test('secrets of the config are asked for', async () => {
  const Authorizations = { me: { AuthSecret: 'bearer:right', AllowedPaths: ['/api/v0/repo'] } }
  const { path, open } = await withConfig({ API: { Authorizations } })
  await open()
  expect(await call(path, 'bearer:right')).toContain('Version')
  for (const secret of [undefined, 'bearer:wrong', 'basic:right:right'])
    await expect(call(path, secret)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await expect(call(path, 'right')).rejects.toMatchObject({ code: 'INVALID' })
})

test('a public address is opened to those who have a secret, or when it is said', async () => {
  const Authorizations = { me: { AuthSecret: 'bearer:right', AllowedPaths: ['/api/v0'] } }
  // Loopback in the form of a public address: nothing is open to others here.
  for (const more of [{ API: { Authorizations } }, { Cairn: { API: { AllowPublic: true } } }]) {
    const { open } = await withConfig({ ...listens('/ip6/::ffff:127.0.0.1/tcp/0'), ...more })
    expect((await open()).servers).toHaveLength(1)
  }
})

test('what the config says of callers counts from the next call on, and never lets everybody in', async () => {
  const Authorizations = { me: { AuthSecret: 'bearer:right', AllowedPaths: ['/api/v0'] } }
  // Loopback in the form of a public address: nothing is open to others here.
  const { path, open } = await withConfig({ ...listens('/ip6/::ffff:127.0.0.1/tcp/0'), API: { Authorizations } })
  await open()
  const denied = { message: expect.stringContaining('Denied') }
  expect(await call(path, 'bearer:right')).toContain('Version')
  const { settings } = await readRepo(path)
  const { secret, stored } = newSecret()
  await settings.setAuthorization('more', { AuthSecret: stored, AllowedPaths: ['/api/v0/repo'] })
  expect(await call(path, secret)).toContain('Version')
  await settings.setAuthorization('me', undefined)
  await expect(call(path, 'bearer:right')).rejects.toMatchObject(denied)
  expect(await call(path, secret)).toContain('Version')
  // A file that does not read changes nothing; the last one that goes leaves nobody who may call.
  const text = await readFile(settings.path)
  await writeFile(settings.path, '{')
  await expect(call(path, secret)).rejects.toMatchObject({ code: 'INVALID' })
  await expect(call(path)).rejects.toMatchObject(denied)
  await writeFile(settings.path, text)
  await settings.setAuthorization('more', undefined)
  for (const gone of [secret, undefined, 'bearer:right']) await expect(call(path, gone)).rejects.toMatchObject(denied)
})

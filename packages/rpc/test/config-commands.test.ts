// Settings of a repo through the command table: one by one, all at once, by profile, and those of peers.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openRunner, sourcesOf } from './command-runner.ts'

type Config = Record<string, Record<string, unknown>>

const PEER = '/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'
const RANGE = '/ip4/10.0.0.0/ipcidr/8'

test('config answers with key and value, also of what it sets', async () => {
  const { answer, text, run } = await openRunner()
  const bool = { options: { bool: true } }
  expect(await answer('config', { args: ['Discovery.MDNS.Enabled', 'true'], ...bool })).toEqual({
    Key: 'Discovery.MDNS.Enabled',
    Value: true,
  })
  expect(await answer('config', { args: ['Discovery.MDNS.Enabled'] })).toEqual({
    Key: 'Discovery.MDNS.Enabled',
    Value: true,
  })
  expect(await text('config', { args: ['Discovery.MDNS.Enabled', 'false'], ...bool })).toBe('')
  expect(await run('config', { args: ['Provide.Strategy', 'all'] })).toContainEqual({
    UnknownKeys: ['Provide.Strategy'],
  })
  expect(await answer('config', { args: ['Provide.Strategy'] })).toEqual({ Key: 'Provide.Strategy', Value: 'all' })
  await expect(run('config', { args: ['Addresses.Swarm', 'nonsense'] })).rejects.toMatchObject({ code: 'INVALID' })
})

test('config replace keeps the private key and what it does not know', async () => {
  const { answer, run, path } = await openRunner()
  const before = JSON.parse(await readFile(join(path, 'config'), 'utf8')) as Config
  const shown = (await answer('config show')) as Config
  const changed = {
    ...shown,
    Datastore: { StorageMax: '1GB', Spec: { type: 'flatfs' } },
    Pinning: { RemoteServices: {} },
  }
  expect(await run('config replace', { sources: sourcesOf(JSON.stringify(changed)) })).toEqual([
    { UnknownKeys: ['Datastore.Spec', 'Pinning'] },
  ])
  expect(JSON.parse(await readFile(join(path, 'config'), 'utf8'))).toEqual({ ...changed, Identity: before['Identity'] })
  const refused = (config: object, code: string) =>
    expect(run('config replace', { sources: sourcesOf(JSON.stringify(config)) })).rejects.toMatchObject({ code })
  await refused(before, 'DENIED')
  await refused({ ...changed, Addresses: {} }, 'INVALID')
  await refused([], 'INVALID')
  await refused({ ...changed, Identity: { PeerID: PEER.slice(-52) } }, 'INVALID')
  expect(await answer('config show')).toEqual(changed)
})

test('config replace keeps the secrets of the RPC, and takes none', async () => {
  const { answer, run, path } = await openRunner()
  const file = join(path, 'config')
  const API = { Authorizations: { a: { AuthSecret: 'bearer:secret', AllowedPaths: ['/api/v0'] } } }
  await writeFile(file, JSON.stringify({ ...(JSON.parse(await readFile(file, 'utf8')) as Config), API }))
  const shown = await answer('config show')
  expect(JSON.stringify(shown)).not.toContain('secret')
  expect(await run('config replace', { sources: sourcesOf(JSON.stringify(shown)) })).toEqual([])
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ API })
  const own = { sources: sourcesOf(JSON.stringify({ ...(shown as Config), API: { Authorizations: {} } })) }
  await expect(run('config replace', own)).rejects.toMatchObject({ code: 'DENIED' })
})

test('profiles change what they name, and nothing with dry-run', async () => {
  const { answer } = await openRunner()
  const apply = (name: string, options = {}) => answer('config profile apply', { args: [name], options })
  const shown = await answer('config show')
  const trial = (await apply('lan', { 'dry-run': true })) as { OldCfg: Config; NewCfg: Config }
  expect(trial.OldCfg).toEqual(shown)
  expect(trial.NewCfg).toMatchObject({ Discovery: { MDNS: { Enabled: true } } })
  expect(trial.NewCfg['Identity']).not.toHaveProperty('PrivKey')
  expect(await answer('config show')).toEqual(shown)

  await answer('bootstrap add', { args: [PEER] })
  expect(await apply('server')).toMatchObject({ NewCfg: { Swarm: { AddrFilters: expect.arrayContaining([RANGE]) } } })
  expect(await apply('local-discovery')).toMatchObject({
    NewCfg: { Swarm: { AddrFilters: [] }, Discovery: { MDNS: { Enabled: true } }, Bootstrap: [PEER] },
  })
  expect(await apply('lowpower')).toMatchObject({ NewCfg: { Swarm: { ConnMgr: { HighWater: 40 } } } })
  expect(await apply('test')).toMatchObject({
    NewCfg: { Addresses: { Swarm: ['/ip4/127.0.0.1/tcp/0'] }, Discovery: { MDNS: { Enabled: false } }, Bootstrap: [] },
  })
  await expect(apply('toString')).rejects.toMatchObject({ code: 'INVALID' })
})

test('bootstrap peers are listed, added once and taken out', async () => {
  const { answer } = await openRunner()
  expect(await answer('bootstrap list')).toEqual({ Peers: [] })
  expect(await answer('bootstrap add', { args: [PEER, PEER] })).toEqual({ Peers: [PEER, PEER] })
  expect(await answer('bootstrap list')).toEqual({ Peers: [PEER] })
  expect(await answer('config', { args: ['Bootstrap'] })).toMatchObject({ Value: [PEER] })
  await expect(answer('bootstrap add', { args: ['default'] })).rejects.toMatchObject({ code: 'INVALID' })
  await expect(answer('bootstrap rm', { args: ['/ip4/1.2.3.4'] })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(await answer('bootstrap rm', { args: [PEER] })).toEqual({ Peers: [PEER] })
  await answer('bootstrap add', { args: [PEER] })
  expect(await answer('bootstrap rm all')).toEqual({ Peers: [PEER] })
  expect(await answer('bootstrap list')).toEqual({ Peers: [] })
})

test('filters are listed, added and taken out', async () => {
  const { answer } = await openRunner()
  expect(await answer('swarm filters')).toEqual({ Strings: [] })
  expect(await answer('swarm filters add', { args: [RANGE] })).toEqual({ Strings: [RANGE] })
  expect(await answer('swarm filters')).toEqual({ Strings: [RANGE] })
  await expect(answer('swarm filters add', { args: ['10.0.0.0/8'] })).rejects.toMatchObject({ code: 'INVALID' })
  expect(await answer('swarm filters rm', { args: ['all'] })).toEqual({ Strings: [RANGE] })
  expect(await answer('swarm filters')).toEqual({ Strings: [] })
})

test('diag tells of the machine, and whether the node can read', async () => {
  const { answer, path } = await openRunner()
  expect(await answer('diag healthy')).toBe('ok')
  expect(await answer('diag sys')).toMatchObject({
    diskinfo: { free_space: expect.any(Number), total_space: expect.any(Number) },
    environment: { IPFS_PATH: path },
    ipfs_version: '1.2.3',
    net: { online: false },
    runtime: { arch: process.arch, os: process.platform },
  })
})

// The config file, setting by setting.
import { readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createRepo, readRepo } from '../../src/repo.ts'
import { tempFolder } from '../temp-folder.ts'

async function newRepo() {
  const path = join(await tempFolder(), 'repo')
  await createRepo(path, 'test')
  const file = join(path, 'config')
  return { file, ...(await readRepo(path)) }
}

test('a setting is read, changed for whoever opens the repo next, and taken out', async () => {
  const { path, file, settings } = await newRepo()
  expect(await settings.get('Addresses.Swarm')).toEqual(['/ip4/127.0.0.1/tcp/0'])
  await settings.set('Datastore.StorageMax', '10GB')
  await settings.set('Datastore.StorageGCWatermark', 80)
  expect((await readRepo(path)).config.Datastore).toEqual({ StorageMax: '10GB', StorageGCWatermark: 80 })
  expect(await settings.get('Datastore')).toEqual({ StorageMax: '10GB', StorageGCWatermark: 80 })
  expect((await stat(file)).mode & 0o077).toBe(0)
  await settings.set('Datastore.StorageMax', null)
  await expect(settings.get('Datastore.StorageMax')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(settings.get('toString')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('what this version does not know is shown and left alone, and cannot be set', async () => {
  const { file, config, settings } = await newRepo()
  await writeFile(file, JSON.stringify({ ...config, Pubsub: { Enabled: true } }))
  expect(await settings.get('Pubsub.Enabled')).toBe(true)
  await settings.set('Cairn.Durability', 'none')
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
    ...config,
    Pubsub: { Enabled: true },
    Cairn: { Durability: 'none' },
  })
  expect(await settings.set('Pubsub.Enabled', false)).toBe(false)
  expect(await settings.get('Pubsub.Enabled')).toBe(false)
  expect(await settings.set('Cairn.Durability', 'sync')).toBe(true)
})

test.for([
  ['INVALID', 'Addresses.Swarm', 'not a list'],
  ['INVALID', 'Addresses', null],
  ['INVALID', 'Addresses.Swarm.more', 1],
  ['INVALID', 'Datastore.StorageMax', 'much'],
  ['INVALID', 'Identity.PeerID', 'somebody else'],
  ['INVALID', '', 1],
  ['INVALID', '__proto__.polluted', true],
  ['DENIED', 'Identity.PrivKey', 'CAES'],
  ['DENIED', 'identity.privkey', 'CAES'],
  ['DENIED', 'Identity', {}],
] as const)('%s for %s, and the file stays', async ([code, key, value]) => {
  const { file, settings } = await newRepo()
  const before = await readFile(file, 'utf8')
  await expect(settings.set(key, value)).rejects.toMatchObject({ code })
  expect(await readFile(file, 'utf8')).toBe(before)
})

test('the private key is never shown', async () => {
  const { config, settings } = await newRepo()
  for (const key of ['Identity', 'Identity.PrivKey', 'IDENTITY.PRIVKEY'])
    await expect(settings.get(key)).rejects.toMatchObject({ code: 'DENIED' })
  const shown = await settings.show()
  expect(shown).toMatchObject({ Identity: { PeerID: config.Identity.PeerID } })
  expect(JSON.stringify(shown)).not.toContain(config.Identity.PrivKey)
})

test('secrets of the RPC are neither shown nor changed, and keep their place', async () => {
  const { file, config, settings } = await newRepo()
  const API = { HTTPHeaders: {}, Authorizations: { me: { AuthSecret: 'bearer:right', AllowedPaths: ['/api/v0'] } } }
  await writeFile(file, JSON.stringify({ ...config, API }))
  expect(await settings.show()).toMatchObject({ API: { HTTPHeaders: {} } })
  expect(JSON.stringify(await settings.show())).not.toContain('right')
  for (const key of ['API', 'api', 'API.Authorizations', 'API.Authorizations.me', 'API.Authorizations.me.AuthSecret']) {
    await expect(settings.get(key)).rejects.toMatchObject({ code: 'DENIED' })
    await expect(settings.set(key, {})).rejects.toMatchObject({ code: 'DENIED' })
  }
  await settings.set('API.HTTPHeaders', { 'Access-Control-Allow-Origin': ['*'] })
  expect((await settings.parsed()).API?.Authorizations).toEqual(API.Authorizations)
})

test.for([
  { API: { Authorizations: [] } },
  { API: { Authorizations: { me: {} } } },
  { Cairn: { API: { AllowPublic: 1 } } },
])('%j is refused', async (more) => {
  const { file, config, settings } = await newRepo()
  await writeFile(file, JSON.stringify({ ...config, ...more }))
  await expect(settings.parsed()).rejects.toMatchObject({ code: 'INVALID' })
})

test('changes at once are all kept, also where one who was killed has left its lock', async () => {
  const { path, file, settings } = await newRepo()
  await writeFile(`${file}.lock`, '')
  await utimes(`${file}.lock`, 0, 0)
  const names = Array.from({ length: 20 }, (_, index) => `n${index}`)
  await settings.setAuthorization('gone', { AuthSecret: 'bearer:x', AllowedPaths: [] })
  await Promise.all([
    ...names.map(async (name) => (await readRepo(path)).settings.set(`Other.${name}`, true)),
    settings.setAuthorization('gone', undefined),
  ])
  expect(Object.keys((await settings.get('Other')) as object).toSorted()).toEqual(names.toSorted())
  expect((await readRepo(path)).config.API?.Authorizations).toEqual({})
  await expect(stat(`${file}.lock`)).rejects.toThrow('ENOENT')
})

test('keys of pinning services are kept, and neither shown nor changed', async () => {
  const { file, config, settings } = await newRepo()
  const API = { Endpoint: 'https://far.example', Key: 'hidden' }
  const Pinning = { RemoteServices: { far: { API, Policies: { MFS: { Enable: false } } } } }
  await writeFile(file, JSON.stringify({ ...config, Pinning }))
  const shown = await settings.show()
  expect(JSON.stringify(shown)).toContain('far.example')
  expect(JSON.stringify(shown)).not.toContain('hidden')
  for (const key of [
    'Pinning',
    'Pinning.RemoteServices',
    'Pinning.RemoteServices.far.API',
    'Pinning.RemoteServices.far.API.Key',
  ]) {
    await expect(settings.get(key)).rejects.toMatchObject({ code: 'DENIED' })
    await expect(settings.set(key, null)).rejects.toMatchObject({ code: 'DENIED' })
  }
  expect(await settings.get('Pinning.RemoteServices.far.API.Endpoint')).toBe('https://far.example')
  expect(JSON.stringify(await settings.applyProfile('lowpower', { isTrial: true }))).not.toContain('hidden')
  await settings.replace(JSON.stringify(shown))
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ Pinning })
})

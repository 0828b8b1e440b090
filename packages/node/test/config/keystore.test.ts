import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createRepo, readRepo } from '../../src/index.ts'
import { tempFolder } from '../temp-folder.ts'

const PROTOBUF = 'libp2p-protobuf-cleartext'

async function openKeys() {
  const path = join(await tempFolder(), 'repo')
  await createRepo(path, 'test')
  const { keys } = await readRepo(path)
  const names = async () => (await keys.list()).map(({ name }) => name)
  return { path, keys, names }
}

test('keys lie in files as Kubo has them, for their owner alone', async () => {
  const { path, keys, names } = await openKeys()
  expect(await names()).toEqual(['self'])
  await keys.generate('work', { type: 'ed25519' })
  await keys.generate('Über/alles', { type: 'secp256k1' })
  expect(await names()).toEqual(['self', 'work', 'Über/alles'])
  const folder = join(path, 'keystore')
  expect((await stat(folder)).mode & 0o777).toBe(0o700)
  // base32 of `work` in small letters; nothing else stays behind.
  expect((await readdir(folder)).length).toBe(2)
  const file = join(folder, 'key_o5xxe2y')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await readFile(file)).subarray(0, 4)).toEqual(Buffer.of(0x08, 0x01, 0x12, 0x40))
  expect(Buffer.from(await keys.export('work', PROTOBUF))).toEqual(await readFile(file))
})

test('of keys made at once under one name one is kept', async () => {
  const { keys, names } = await openKeys()
  const made = await Promise.allSettled(Array.from({ length: 8 }, () => keys.generate('one', { type: 'ed25519' })))
  const failed = made.filter((result) => result.status === 'rejected')
  expect(failed.length).toBe(7)
  for (const { reason } of failed) expect(reason).toMatchObject({ code: 'CONFLICT' })
  expect(await names()).toEqual(['self', 'one'])
})

test('renames and removes', async () => {
  const { keys, names } = await openKeys()
  const { multihash } = await keys.generate('a', { type: 'ed25519' })
  await keys.generate('b', { type: 'ed25519' })
  await expect(keys.rename('a', 'b', { force: false })).rejects.toMatchObject({ code: 'CONFLICT' })
  expect(await keys.rename('a', 'b', { force: true })).toEqual({ name: 'b', multihash, isOverwritten: true })
  expect(await keys.rename('b', 'c', { force: false })).toEqual({ name: 'c', multihash, isOverwritten: false })
  expect(await keys.rename('c', 'c', { force: false })).toEqual({ name: 'c', multihash, isOverwritten: false })
  await expect(keys.remove(['c', 'nothing'])).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(await names()).toEqual(['self', 'c'])
  expect(await keys.remove(['c'])).toEqual([{ name: 'c', multihash }])
  expect(await names()).toEqual(['self'])
})

test('self stays as it is, and names have to be possible', async () => {
  const { keys } = await openKeys()
  await keys.generate('a', { type: 'ed25519' })
  const calls = [
    keys.generate('self', { type: 'ed25519' }),
    keys.rename('self', 'x', { force: true }),
    keys.rename('a', 'self', { force: true }),
    keys.rename('a', '', { force: true }),
    keys.remove(['self']),
    keys.generate('', { type: 'ed25519' }),
  ]
  for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'INVALID' })
  await keys.generate('x'.repeat(150), { type: 'ed25519' })
  await expect(keys.generate('x'.repeat(151), { type: 'ed25519' })).rejects.toMatchObject({ code: 'LIMIT' })
})

test('signs and verifies by name, and by the id of a key that is elsewhere', async () => {
  const [one, two] = [await openKeys(), await openKeys()]
  const data = Buffer.from('hello')
  const { signature } = await one.keys.sign('self', data)
  expect(await one.keys.verify('self', data, signature)).toMatchObject({ isValid: true })
  expect(await two.keys.verify('self', data, signature)).toMatchObject({ isValid: false })
  const { PeerID } = (await readRepo(one.path)).config.Identity
  expect(await two.keys.verify(PeerID, data, signature)).toMatchObject({ isValid: true })
})

test('a file that holds no key is told, and one of another kind is let be', async () => {
  const { path, keys, names } = await openKeys()
  await mkdir(join(path, 'keystore'))
  await writeFile(join(path, 'keystore', 'notes'), 'mine')
  expect(await names()).toEqual(['self'])
  await writeFile(join(path, 'keystore', 'key_o5xxe2y'), 'no key')
  await expect(keys.list()).rejects.toMatchObject({ code: 'CORRUPT' })
})

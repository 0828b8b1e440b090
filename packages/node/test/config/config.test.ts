import { describe, expect, test } from 'vitest'
import { identityOf, limitOf, newConfig, parseConfig } from '../../src/config/config.ts'

const VALID = newConfig('test')

test('a new config reads back, and its identity fits', () => {
  expect(parseConfig(JSON.stringify(VALID))).toEqual(VALID)
  expect(identityOf(VALID).peerId).toBe(VALID.Identity.PeerID)
  expect(newConfig('test').Identity.PeerID).not.toBe(VALID.Identity.PeerID)
})

test('the test profile listens on loopback alone', () => {
  expect(VALID.Addresses.Swarm.every((address) => address.startsWith('/ip4/127.0.0.1/'))).toBe(true)
  expect(newConfig('lan').Addresses.Swarm.length).toBeGreaterThan(0)
})

test('a new config has the section that ipfsd-ctl writes into', () => {
  expect(VALID.API).toEqual({ HTTPHeaders: {} })
})

test('settings of others are left alone', () => {
  expect(parseConfig(JSON.stringify({ ...VALID, Pubsub: { Enabled: true } }))).toEqual(VALID)
})

test('a repo may take what its disk has, or what the config says in the notation of Kubo', () => {
  const limit = (datastore: object) => limitOf(parseConfig(JSON.stringify({ ...VALID, Datastore: datastore })))
  expect(limitOf(VALID)).toBeUndefined()
  expect(limit({})).toBeUndefined()
  expect(limit({ StorageMax: '', Spec: { type: 'mount' } })).toBeUndefined()
  expect(limit({ StorageMax: '10GB' })).toEqual({
    bytesMax: 1e10,
    watermarkBytes: 9e9,
    targetBytes: 8e9,
    periodMs: 3_600_000,
  })
  expect(limit({ StorageMax: '1KiB', StorageGCWatermark: 50, GCPeriod: '0s' })).toEqual({
    bytesMax: 1024,
    watermarkBytes: 512,
    targetBytes: 409,
    periodMs: 0,
  })
})

describe('INVALID', () => {
  test.for([
    '',
    'null',
    '[]',
    '{}',
    '{ "Identity": {} }',
    JSON.stringify({ ...VALID, Identity: { PeerID: 1, PrivKey: '' } }),
    JSON.stringify({ ...VALID, Addresses: { Swarm: null } }),
    JSON.stringify({ ...VALID, Addresses: { Swarm: [1] } }),
    ...[[], 7, { StorageMax: 7 }, { StorageMax: 'much' }, { StorageMax: '0' }, { StorageGCWatermark: '90' }].map(
      (datastore) => JSON.stringify({ ...VALID, Datastore: datastore }),
    ),
    JSON.stringify({ ...VALID, Datastore: { StorageGCWatermark: 101 } }),
    JSON.stringify({ ...VALID, Datastore: { GCPeriod: 'often' } }),
    JSON.stringify({ ...VALID, Cairn: { Durability: 'maybe' } }),
    JSON.stringify({ ...VALID, Cairn: [] }),
  ])('%s', (text) => {
    expect(() => parseConfig(text)).toThrow(expect.objectContaining({ code: 'INVALID' }))
  })

  test('an identity of parts that do not belong together', () => {
    const { PeerID } = newConfig('test').Identity
    const config = { ...VALID, Identity: { ...VALID.Identity, PeerID } }
    expect(() => identityOf(config)).toThrow(expect.objectContaining({ code: 'INVALID' }))
  })
})

test('the durability is read, and sync when none is named', () => {
  const config = (Cairn: object) => parseConfig(JSON.stringify({ ...VALID, Cairn }))
  expect(config({ Durability: 'none' }).Cairn).toEqual({ Durability: 'none' })
  expect(config({}).Cairn).toEqual({})
})

import { describe, expect, test } from 'vitest'
import { identityOf, newConfig, parseConfig } from '../src/config.ts'

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

test('settings of others are left alone', () => {
  expect(parseConfig(JSON.stringify({ ...VALID, Datastore: { StorageMax: '10GB' } }))).toEqual(VALID)
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
  ])('%s', (text) => {
    expect(() => parseConfig(text)).toThrow(expect.objectContaining({ code: 'INVALID' }))
  })

  test('an identity of parts that do not belong together', () => {
    const { PeerID } = newConfig('test').Identity
    const config = { ...VALID, Identity: { ...VALID.Identity, PeerID } }
    expect(() => identityOf(config)).toThrow(expect.objectContaining({ code: 'INVALID' }))
  })
})

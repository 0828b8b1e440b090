import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { CairnError } from '@cairn/core'
import { base58btc } from 'multiformats/bases/base58'
import { base36 } from 'multiformats/bases/base36'
import { CID } from 'multiformats/cid'
import { decode } from 'multiformats/hashes/digest'
import { expect, test } from 'vitest'
import { generateIdentity } from '../../src/identity/identity.ts'
import { generateKey, keyInPeerId, readKey, writeKey, type KeyType } from '../../src/identity/keys.ts'

const DATA = Buffer.from('some data')
const TYPES: readonly KeyType[] = ['ed25519', 'rsa', 'secp256k1']

test('a key of each type signs, and comes back from both forms as it was', async () => {
  for (const type of TYPES) {
    const key = await generateKey(type)
    expect(key.type).toBe(type)
    const signature = await key.sign(DATA)
    expect(await key.verify(DATA, signature)).toBe(true)
    expect(await key.verify(Buffer.from('other data'), signature)).toBe(false)
    expect(await key.verify(DATA, signature.subarray(1))).toBe(false)
    for (const format of ['libp2p-protobuf-cleartext', 'pem-pkcs8-cleartext'] as const) {
      const again = readKey(writeKey(key, format), format)
      expect([again.type, Buffer.from(again.multihash)]).toEqual([type, Buffer.from(key.multihash)])
      expect(await again.verify(DATA, signature)).toBe(true)
    }
  }
})

test('PEM is what OpenSSL writes and reads', () => {
  const form = { format: 'pem', type: 'pkcs8' } as const
  const made = [
    generateKeyPairSync('ed25519'),
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
    generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
  ]
  for (const { privateKey } of made) {
    const pem = privateKey.export(form).toString()
    const written = writeKey(readKey(Buffer.from(pem), 'pem-pkcs8-cleartext'), 'pem-pkcs8-cleartext')
    expect(createPrivateKey(Buffer.from(written)).equals(privateKey)).toBe(true)
  }
})

test('an identity is a key, and its peer id holds the public one', async () => {
  const { peerId, privateKey } = generateIdentity()
  const key = readKey(Buffer.from(privateKey, 'base64'))
  expect(base58btc.encode(key.multihash).slice(1)).toBe(peerId)
  const signature = await key.sign(DATA)
  const name = CID.createV1(0x72, decode(key.multihash)).toString(base36)
  for (const text of [peerId, name]) expect(await keyInPeerId(text).verify(DATA, signature)).toBe(true)
})

test('what is no key is INVALID, and no part of it is in the message', async () => {
  const secret = writeKey(await generateKey('ed25519'), 'libp2p-protobuf-cleartext')
  for (const bytes of [Buffer.from('text'), secret.subarray(0, 40), Buffer.alloc(0)]) {
    expect(() => readKey(bytes)).toThrow(CairnError)
    expect(() => readKey(bytes, 'pem-pkcs8-cleartext')).toThrow(CairnError)
  }
  for (const text of ['', 'nobody', 'QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n'])
    expect(() => keyInPeerId(text)).toThrow(CairnError)
  await expect(generateKey('rsa', 1024)).rejects.toMatchObject({ code: 'INVALID' })
  await expect(generateKey('rsa', 16_384)).rejects.toMatchObject({ code: 'INVALID' })
  await expect(generateKey('ed25519', 2048)).rejects.toMatchObject({ code: 'INVALID' })
})

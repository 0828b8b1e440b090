import { isCairnError } from '@cairn/core'
import { privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { generateIdentity, readIdentity } from '../../src/identity/identity.ts'

function codeOf(action: () => unknown): string | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    return isCairnError(error) ? error.code : String(error)
  }
}

test('a generated identity is what libp2p makes of the same key', () => {
  const { peerId, privateKey } = generateIdentity()
  const key = privateKeyFromProtobuf(Buffer.from(privateKey, 'base64'))
  expect(key.type).toBe('Ed25519')
  expect(peerIdFromPrivateKey(key).toString()).toBe(peerId)
  expect(Buffer.from(privateKeyToProtobuf(key)).toString('base64')).toBe(privateKey)
  expect(generateIdentity().peerId).not.toBe(peerId)
})

test('an identity made by libp2p is read, and a generated one too', async () => {
  const key = await generateKeyPair('Ed25519')
  const config = {
    PeerID: peerIdFromPrivateKey(key).toString(),
    PrivKey: Buffer.from(privateKeyToProtobuf(key)).toString('base64'),
  }
  expect(readIdentity(config)).toEqual({ peerId: config.PeerID, privateKey: config.PrivKey })
  const own = generateIdentity()
  expect(readIdentity({ PeerID: own.peerId, PrivKey: own.privateKey })).toEqual(own)
})

test('a peer id of another key is refused', () => {
  const config = { PeerID: generateIdentity().peerId, PrivKey: generateIdentity().privateKey }
  expect(codeOf(() => readIdentity(config))).toBe('INVALID')
})

test('a key that is not Ed25519 is named as such', async () => {
  const key = await generateKeyPair('secp256k1')
  const PrivKey = Buffer.from(privateKeyToProtobuf(key)).toString('base64')
  expect(codeOf(() => readIdentity({ PeerID: peerIdFromPrivateKey(key).toString(), PrivKey }))).toBe('UNSUPPORTED')
})

test('one changed byte of the key never passes', () => {
  const { peerId, privateKey } = generateIdentity()
  const bytes = Buffer.from(privateKey, 'base64')
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Uint8Array.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ flip
      const PrivKey = Buffer.from(changed).toString('base64')
      expect(['INVALID', 'UNSUPPORTED']).toContain(codeOf(() => readIdentity({ PeerID: peerId, PrivKey })))
    }),
  )
})

test('text of any kind is refused with a code', () => {
  fc.assert(
    fc.property(fc.string(), fc.base64String(), (PeerID, PrivKey) => {
      expect(['INVALID', 'UNSUPPORTED']).toContain(codeOf(() => readIdentity({ PeerID, PrivKey })))
    }),
  )
})

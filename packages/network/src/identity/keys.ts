// Keys of libp2p: made, read, signed with and proven. Loads the cryptography of libp2p, so callers load it when they need it.
// Source: libp2p/specs peer-ids.
import {
  generateKeyPair,
  privateKeyFromProtobuf,
  privateKeyFromRaw,
  privateKeyToProtobuf,
  publicKeyFromMultihash,
} from '@libp2p/crypto/keys'
import { CairnError } from '@cairn/core'
import { base58btc } from 'multiformats/bases/base58'
import { base36 } from 'multiformats/bases/base36'
import { CID } from 'multiformats/cid'
import { decode as decodeDigest } from 'multiformats/hashes/digest'
import { RSA_BITS_MAX, RSA_BITS_MIN } from '../limits.ts'
import { fromPem, toPem } from './pem.ts'

/** What a key can be made as. */
export type KeyType = 'ed25519' | 'rsa' | 'secp256k1'

/** How a private key is written: libp2p's PrivateKey protobuf, or PKCS #8 in PEM. Names are Kubo's. */
export type KeyFormat = 'libp2p-protobuf-cleartext' | 'pem-pkcs8-cleartext'

/** The public half of a key. */
export interface VerifyingKey {
  /** Multihash of the public key: the bytes of its peer id. */
  readonly multihash: Uint8Array
  /** Whether `signature` was made of `data` by the private half. */
  verify(data: Uint8Array, signature: Uint8Array): Promise<boolean>
}

/** A private key with what follows from it. */
export interface SigningKey extends VerifyingKey {
  readonly type: KeyType | 'ecdsa'
  /** libp2p's PrivateKey protobuf. */
  readonly bytes: Uint8Array
  sign(data: Uint8Array): Promise<Uint8Array>
}

type PrivateKey = ReturnType<typeof privateKeyFromProtobuf>
type PublicKey = PrivateKey['publicKey']

const TYPE = { Ed25519: 'ed25519', RSA: 'rsa', secp256k1: 'secp256k1', ECDSA: 'ecdsa' } as const

/** Makes a new key; `bits` counts for RSA alone. @throws INVALID for a size that is out of range or means nothing */
export async function generateKey(type: KeyType, bits?: number): Promise<SigningKey> {
  if (type === 'rsa') {
    const size = bits ?? RSA_BITS_MIN
    if (size < RSA_BITS_MIN || size > RSA_BITS_MAX)
      throw new CairnError(
        'INVALID',
        `Cannot make an RSA key of ${size} bits: it has ${RSA_BITS_MIN} to ${RSA_BITS_MAX}`,
      )
    return keyOf(await generateKeyPair('RSA', size))
  }
  if (bits !== undefined) throw new CairnError('INVALID', `Cannot make an ${type} key of ${bits} bits: it has one size`)
  return keyOf(await generateKeyPair(type === 'ed25519' ? 'Ed25519' : 'secp256k1'))
}

/** Reads a private key. @throws INVALID when it is none in this form */
export function readKey(bytes: Uint8Array, format: KeyFormat = 'libp2p-protobuf-cleartext'): SigningKey {
  try {
    return keyOf(format === 'pem-pkcs8-cleartext' ? privateKeyFromRaw(fromPem(bytes)) : privateKeyFromProtobuf(bytes))
  } catch (cause) {
    // What libp2p and OpenSSL say of it may hold parts of the key.
    throw new CairnError('INVALID', `Cannot read the key: it is no private key as ${format}`, { cause })
  }
}

/** Writes a private key. */
export function writeKey({ bytes }: SigningKey, format: KeyFormat): Uint8Array {
  return format === 'pem-pkcs8-cleartext' ? toPem(privateKeyFromProtobuf(bytes)) : bytes
}

/** The public key that a peer id holds, as of Ed25519 and secp256k1. @throws INVALID for what is no such peer id */
export function keyInPeerId(text: string): VerifyingKey {
  try {
    const isBare = text.startsWith('1') || text.startsWith('Qm')
    const digest = isBare
      ? decodeDigest(base58btc.decode(`z${text}`))
      : CID.parse(text, text.startsWith(base36.prefix) ? base36 : undefined).multihash
    if (digest.code !== 0) throw new Error('it is a hash of the public key, which does not tell the key')
    const { code, size, bytes, digest: inner } = digest
    return verifierOf(publicKeyFromMultihash({ code, size, bytes, digest: inner } as never))
  } catch (cause) {
    throw new CairnError('INVALID', `Cannot find a key called "${text}", nor read a public key from it`, { cause })
  }
}

function keyOf(key: PrivateKey): SigningKey {
  return {
    ...verifierOf(key.publicKey),
    type: TYPE[key.type],
    bytes: privateKeyToProtobuf(key),
    sign: async (data) => key.sign(data),
  }
}

function verifierOf(key: PublicKey): VerifyingKey {
  return {
    multihash: key.toMultihash().bytes,
    async verify(data, signature) {
      try {
        return await key.verify(data, signature)
      } catch {
        return false // bytes that are no signature at all
      }
    },
  }
}

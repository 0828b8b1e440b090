// Private keys of libp2p as PKCS #8 in PEM, as OpenSSL reads and writes them.
import { createECDH, createPrivateKey, type KeyObject } from 'node:crypto'
import type { PrivateKey } from '@libp2p/interface'

/** `key` as PEM, without a password. */
export function toPem(key: PrivateKey): Uint8Array {
  return Buffer.from(keyObjectOf(key).export({ format: 'pem', type: 'pkcs8' }))
}

/** The bytes of the private key in `pem`, as libp2p has them for its type. @throws an Error for what is no such key */
export function fromPem(pem: Uint8Array): Uint8Array {
  const key = createPrivateKey({ key: Buffer.from(pem), format: 'pem' })
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type === 'rsa') return key.export({ format: 'der', type: 'pkcs1' })
  if (type === 'ed25519' || (type === 'ec' && details?.namedCurve === 'secp256k1')) {
    const { d = '', x = '' } = key.export({ format: 'jwk' })
    const secret = Buffer.from(d, 'base64url')
    return type === 'ec' ? secret : Buffer.concat([secret, Buffer.from(x, 'base64url')])
  }
  if (type === 'ec') return key.export({ format: 'der', type: 'sec1' })
  throw new Error(`libp2p has no keys of type ${type}`)
}

function keyObjectOf({ type, raw }: PrivateKey): KeyObject {
  const bytes = Buffer.from(raw)
  if (type === 'RSA') return createPrivateKey({ key: bytes, format: 'der', type: 'pkcs1' })
  if (type === 'ECDSA') return createPrivateKey({ key: bytes, format: 'der', type: 'sec1' })
  if (type === 'Ed25519')
    return fromJwk({
      kty: 'OKP',
      crv: 'Ed25519',
      d: base64url(bytes.subarray(0, 32)),
      x: base64url(bytes.subarray(32)),
    })
  const pair = createECDH('secp256k1')
  pair.setPrivateKey(bytes)
  // 0x04 and the two coordinates.
  const point = pair.getPublicKey()
  const [x, y] = [point.subarray(1, 33), point.subarray(33)]
  return fromJwk({ kty: 'EC', crv: 'secp256k1', d: base64url(bytes), x: base64url(x), y: base64url(y) })
}

function fromJwk(key: Readonly<Record<string, string>>): KeyObject {
  return createPrivateKey({ key: { ...key }, format: 'jwk' })
}

function base64url(bytes: Buffer): string {
  return bytes.toString('base64url')
}

// A node's identity in the form of Kubo's config: an Ed25519 key as libp2p PrivateKey protobuf, and the peer id that
// follows from it. Loads nothing of libp2p, so that commands without a network start fast.
// Source: libp2p/specs peer-ids.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { CairnError, type PeerId } from '@cairn/core'
import { base58btc } from 'multiformats/bases/base58'

/** Who a node is. Whoever knows `privateKey` can speak in its name. */
export interface Identity {
  /** base58btc of the identity multihash of the public key: `12D3Koo…`. */
  readonly peerId: PeerId
  /** base64, with padding, of the libp2p PrivateKey protobuf. */
  readonly privateKey: string
}

/** The `Identity` section of a Kubo config, of which both fields are wanted. */
export interface IdentityConfig {
  readonly PeerID: string
  readonly PrivKey: string
}

// PrivateKey: field 1 (type) = 1 Ed25519, field 2 (data) = 64 bytes: 32 of seed, 32 of public key.
const PRIVATE_KEY_HEAD = Uint8Array.of(0x08, 0x01, 0x12, 0x40)
// Identity multihash (0x00) of 36 bytes: PublicKey with field 1 (type) = 1 Ed25519, field 2 (data) = 32 bytes.
const PEER_ID_HEAD = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)
// PKCS #8 frame of a 32-byte Ed25519 seed (RFC 8410, section 7).
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')
const SEED_BYTES = 32
const PRIVATE_KEY_BYTES = PRIVATE_KEY_HEAD.length + 2 * SEED_BYTES

/** Makes a new random identity. */
export function generateIdentity(): Identity {
  const pair = generateKeyPairSync('ed25519')
  const pkcs8 = pair.privateKey.export({ format: 'der', type: 'pkcs8' })
  const publicKey = publicBytes(pair.publicKey)
  const privateKey = Buffer.concat([PRIVATE_KEY_HEAD, pkcs8.subarray(PKCS8_HEAD.length), publicKey])
  return { peerId: peerIdOf(publicKey), privateKey: privateKey.toString('base64') }
}

/**
 * Reads the identity in a config and proves that peer id, public key and private key belong together.
 *
 * @throws INVALID when they do not or when the key does not parse, UNSUPPORTED for a key that is not Ed25519
 */
export function readIdentity({ PeerID, PrivKey }: IdentityConfig): Identity {
  const bytes = Buffer.from(PrivKey, 'base64')
  if (bytes.toString('base64') !== PrivKey) throw invalid('the private key is not base64')
  const [typeTag, type] = bytes
  if (typeTag === PRIVATE_KEY_HEAD[0] && type !== PRIVATE_KEY_HEAD[1]) {
    throw new CairnError('UNSUPPORTED', `Cannot use the identity ${PeerID}: its key is not Ed25519`)
  }
  const hasHead = bytes.subarray(0, PRIVATE_KEY_HEAD.length).equals(PRIVATE_KEY_HEAD)
  if (!hasHead || bytes.length !== PRIVATE_KEY_BYTES) throw invalid('the private key is no libp2p key')
  const seed = bytes.subarray(PRIVATE_KEY_HEAD.length, PRIVATE_KEY_HEAD.length + SEED_BYTES)
  const publicKey = publicBytes(createPublicKey(keyOfSeed(seed)))
  if (!publicKey.equals(bytes.subarray(-SEED_BYTES))) throw invalid('the halves of the key do not match')
  const peerId = peerIdOf(publicKey)
  if (peerId !== PeerID) throw invalid(`the private key belongs to ${peerId}, not to ${PeerID}`)
  return { peerId, privateKey: PrivKey }
}

function keyOfSeed(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' })
}

function publicBytes(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(-SEED_BYTES)
}

function peerIdOf(publicKey: Uint8Array): PeerId {
  // base58btc with its multibase prefix "z", which peer ids go without.
  return base58btc.encode(Buffer.concat([PEER_ID_HEAD, publicKey])).slice(1)
}

function invalid(reason: string): CairnError {
  return new CairnError('INVALID', `Cannot read the identity: ${reason}`)
}

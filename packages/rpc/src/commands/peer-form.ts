// Ids of keys and peers as people ask for them. Source: kubo core/commands/keyencode/keyencode.go.
import { CID } from 'multiformats/cid'
import { base58btc } from 'multiformats/bases/base58'
import { decode as decodeDigest } from 'multiformats/hashes/digest'
import { baseNamed } from './multibase.ts'

/** Codec of a CID that names a public key. */
const LIBP2P_KEY = 0x72

/** Writes the multihash of a public key as an id. */
export type IdForm = (multihash: Uint8Array) => string

/** Ids in the form called `name`: `b58mh`, as peer ids are, or CIDs in the base of this name. @throws UNSUPPORTED for another name */
export async function idForm(name: string): Promise<IdForm> {
  if (name === 'b58mh') return (multihash) => base58btc.encode(multihash).slice(1)
  const { encoder } = await baseNamed(name)
  return (multihash) => encoder.encode(CID.createV1(LIBP2P_KEY, decodeDigest(multihash)).bytes)
}

/** The multihash in a peer id. @throws an Error for a text that is none */
export function multihashOf(peer: string): Uint8Array {
  return base58btc.decode(`z${peer}`)
}

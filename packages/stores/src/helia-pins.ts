// What users of Helia have pinned in a repo that they mount. Beside each pin Helia writes a record for every block that it
// keeps, `/pinned-block/` and the multihash in base36, and its own collection spares exactly those.
// Source: @helia/utils and helia 7, src/pins.ts.
import { RAW_CODE, type KeyValueStore, type Pin } from '@cairn/core'
import { base36 } from 'multiformats/bases/base36'
import { CID } from 'multiformats/cid'
import { decode as decodeDigest, type Digest } from 'multiformats/hashes/digest'
import { DATASTORE_PREFIX } from './datastore.ts'

const PINNED_BLOCK = /^[a-z0-9-]+\/pinned-block\/(.+)$/

/**
 * Each block that a Helia on a datastore in `records` keeps, as a direct pin of its own: a collection that honours them
 * takes nothing that Helia has pinned. A key of another form is passed over, as Helia does.
 */
export async function* heliaPins(records: KeyValueStore): AsyncGenerator<Pin, void, undefined> {
  for await (const [key] of records.list(DATASTORE_PREFIX)) {
    const [, text] = PINNED_BLOCK.exec(key.slice(DATASTORE_PREFIX.length)) ?? []
    const multihash = text === undefined ? undefined : decodeMultihash(text)
    if (multihash !== undefined) yield { cid: CID.createV1(RAW_CODE, multihash), type: 'direct', names: ['helia'] }
  }
}

function decodeMultihash(text: string): Digest<number, number> | undefined {
  try {
    return decodeDigest(base36.decode(text))
  } catch {
    // Helia looks its blocks up by the exact key, so a record under any other keeps nothing.
    return undefined
  }
}

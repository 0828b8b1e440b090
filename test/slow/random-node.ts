// Random blocks that link others: dag-cbor and dag-pb nodes, raw leaves, and nodes inside identity CIDs.
import * as dagCbor from '@ipld/dag-cbor'
import * as dagPb from '@ipld/dag-pb'
import { createBlock, DAG_PB_CODE, RAW_CODE, type Block } from '@cairn/core'
import { CID } from 'multiformats/cid'
import { identity } from 'multiformats/hashes/identity'
import { below, type Random } from './random.ts'

const LEAF_BYTES = 400
/** An identity CID holds at most 128 bytes: room for one link. */
const INLINE_LINK_CHANCE = 0.15

/** A block that no other call gives. It links some of `others`, some of them repeatedly. */
export function randomNode(random: Random, others: readonly CID[]): Block {
  const links = Array.from({ length: others.length === 0 ? 0 : below(random, 5) }, () => randomLink(random, others))
  const data = Buffer.from(Array.from({ length: 8 + below(random, LEAF_BYTES) }, () => below(random, 256)))
  if (links.length === 0) return createBlock(data, { codec: RAW_CODE })
  if (random() < 0.5) return createBlock(dagCbor.encode({ data, links }), { codec: dagCbor.code })
  const named = links.map((link, index) => ({ Hash: link, Name: `${index}`, Tsize: 1 }))
  const cidVersion = random() < 0.5 ? 0 : 1
  return createBlock(dagPb.encode(dagPb.prepare({ Data: data, Links: named })), { codec: DAG_PB_CODE, cidVersion })
}

/** A link to one of `others`, or to a node in the CID itself that links one. */
function randomLink(random: Random, others: readonly CID[]): CID {
  const cid = others[below(random, others.length)]
  if (cid === undefined) throw new RangeError('nothing to link')
  if (random() >= INLINE_LINK_CHANCE) return cid
  return CID.createV1(dagCbor.code, identity.digest(dagCbor.encode([cid])))
}

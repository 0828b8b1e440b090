// Every CID vector through the core alone.
import * as dagCbor from '@ipld/dag-cbor'
import * as dagJson from '@ipld/dag-json'
import {
  codecByName,
  createBlock,
  DAG_PB_CODE,
  dropBlocks,
  importTree,
  type EntryEvent,
  type ImportSettings,
} from '@cairn/core'
import { describe, expect, it } from 'vitest'
import { bytesOf, isAvailable, metadataOf, sourceOf, VECTORS, type Vector } from './inputs.ts'

describe('CID vectors', () => {
  for (const vector of VECTORS) {
    it.skipIf(!isAvailable(vector))(vector.id, async () => {
      if (vector.op === undefined) {
        const root = await importVector(vector)
        expect(root?.cid.toString()).toBe(vector.cid)
        if (vector.tsize !== undefined) expect(root?.tsize).toBe(vector.tsize)
      } else {
        expect(putVector(vector)).toBe(vector.cid)
      }
    })
  }
})

async function importVector({ input, params }: Vector): Promise<EntryEvent | undefined> {
  const {
    cidVersion,
    hash,
    rawLeaves,
    chunker,
    maxFileLinks,
    estimation,
    hamtThreshold = 262_144,
    fanout = 256,
    layout = 'balanced',
    inlineLimit,
  } = params
  const settings: ImportSettings = {
    cidVersion,
    hash,
    rawLeaves,
    chunker,
    layout,
    inlineBytesMax: inlineLimit,
    linksPerNode: maxFileLinks,
    directoryBytesMax: hamtThreshold,
    directoryEstimate: estimation,
    shardFanout: fanout,
  }
  const source = { ...sourceOf(input), metadata: metadataOf({ ...input, ...params }) }
  let root: EntryEvent | undefined
  for await (const event of dropBlocks(importTree({ name: '', source }, settings))) {
    if (event.kind === 'entry') root = event
  }
  return root
}

function putVector({ op, input, params }: Vector): string {
  if (input.kind !== 'bytes') throw new TypeError('the vectors put bytes only')
  if (op === 'block-put') return createBlock(bytesOf(input), { codec: DAG_PB_CODE, cidVersion: 0 }).cid.toString()
  const value = dagJson.decode(bytesOf(input))
  const codec = params.storeCodec ?? 'dag-cbor'
  const bytes = codec === 'dag-cbor' ? dagCbor.encode(value) : dagJson.encode(value)
  return createBlock(bytes, { codec: codecByName(codec) }).cid.toString()
}

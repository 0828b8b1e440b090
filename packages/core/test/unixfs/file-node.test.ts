import { encode as encodePb, prepare } from '@ipld/dag-pb'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { expect, test } from 'vitest'
import { inlineBlock } from '../../src/block/block.ts'
import { createBlock } from '../../src/index.ts'
import { encodeFileNode } from '../../src/unixfs/file-node.ts'

const anyCid = fc.oneof(
  fc.nat(255).map((byte) => createBlock(Uint8Array.of(byte), { codec: 0x55 }).cid),
  fc.nat(255).map((byte) => createBlock(Uint8Array.of(byte), { codec: 0x70, cidVersion: 0 }).cid),
  fc.nat(255).map((byte) => createBlock(Uint8Array.of(byte), { codec: 0x55, hash: 'sha2-512' }).cid),
  // The longest of them make links whose own length takes two bytes.
  fc.uint8Array({ maxLength: 128 }).map((bytes) => inlineBlock(bytes, 0x55).cid),
)
const anyLink = fc.record({ Hash: anyCid, Name: fc.constant(''), Tsize: fc.oneof(fc.nat(300), fc.maxSafeNat()) })

test('a node of a file has the bytes that the general encoder gives', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(anyLink, { maxLength: 20 }), (message, links) => {
      const found = encodeFileNode(message, links)
      expect(found && Buffer.compare(found, encodePb({ Data: message, Links: links }))).toBe(0)
    }),
  )
})

test('links of another form are left to the general encoder', () => {
  const Hash = CID.parse('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku')
  for (const link of [
    { Hash, Name: 'a', Tsize: 1 },
    { Hash, Name: '' },
    { Hash, Tsize: 1 },
  ]) {
    expect(encodeFileNode(new Uint8Array(0), [prepare({ Links: [link] }).Links[0] ?? { Hash }, link])).toBeUndefined()
  }
})

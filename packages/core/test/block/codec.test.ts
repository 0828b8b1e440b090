import * as dagCbor from '@ipld/dag-cbor'
import * as dagJson from '@ipld/dag-json'
import * as dagPb from '@ipld/dag-pb'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CODEC_NAMES, codecByName, createBlock, linksOf, mayHaveLinks, type CodecName } from '../../src/index.ts'
import { expectCode, expectDecoded } from '../support/expect-code.ts'
import { rawBlock } from '../support/map-store.ts'

const [A, B, C] = [rawBlock(1).cid, rawBlock(2).cid, rawBlock(3).cid]

const linksIn = (codec: CodecName, bytes: Uint8Array) => linksOf(createBlock(bytes, { codec: codecByName(codec) }))
const namesOf = (links: ReturnType<typeof linksOf>) => links.map((link) => link.cid.toString())

describe('linksOf', () => {
  test('gives the links of dag-pb as they stand, unsorted and repeated ones too', () => {
    const link = (name: number, cid: Uint8Array) => [0x12, cid.length + 5, 0x0a, cid.length, ...cid, 0x12, 1, name]
    const bytes = Uint8Array.from([...link(0x62, B.bytes), ...link(0x61, A.bytes), ...link(0x62, B.bytes)])
    expect(linksIn('dag-pb', bytes)).toMatchObject([{ name: 'b' }, { name: 'a' }, { name: 'b', tsize: undefined }])
    expect(namesOf(linksIn('dag-pb', bytes))).toEqual([B, A, B].map(String))
    const sized = dagPb.encode({ Links: [{ Hash: A, Name: '', Tsize: 7 }] })
    expect(linksIn('dag-pb', sized)).toMatchObject([{ name: '', tsize: 7 }])
  })

  const nested = { a: [A, { x: B }], b: { c: [[C]] }, d: 'no link', e: new Uint8Array(4), f: null }

  test('gives the links of dag-cbor and dag-json at any depth, in order', () => {
    expect(namesOf(linksIn('dag-cbor', dagCbor.encode(nested)))).toEqual([A, B, C].map(String))
    expect(namesOf(linksIn('dag-json', dagJson.encode(nested)))).toEqual([A, B, C].map(String))
    expect(namesOf(linksIn('dag-cbor', dagCbor.encode(A)))).toEqual([A.toString()])
  })

  test('gives the links of maps in the order of the bytes, whatever JavaScript does with keys that are numbers', () => {
    // dag-cbor sorts keys by length first, dag-json by their bytes.
    expect(namesOf(linksIn('dag-cbor', dagCbor.encode({ 10: C, 2: B, x: A })))).toEqual([B, A, C].map(String))
    expect(namesOf(linksIn('dag-json', dagJson.encode({ 10: C, 2: B, x: A })))).toEqual([C, B, A].map(String))
  })

  test('finds links behind every key', () => {
    for (const key of ['__proto__', 'constructor', 'toString', '', '/', 'length']) {
      const text = new TextEncoder().encode(key)
      const bytes = [0xa1, 0x60 + text.length, ...text, 0xd8, 0x2a, 0x58, A.bytes.length + 1, 0, ...A.bytes]
      expect(namesOf(linksIn('dag-cbor', Uint8Array.from(bytes)))).toEqual([A.toString()])
    }
  })

  test('takes no map for a link, however it looks', () => {
    const text = (value: string) => [0x60 + value.length, ...new TextEncoder().encode(value)]
    const forged = [0xa2, ...text('/'), ...text('a'), ...text('bytes'), ...text('a')]
    expect(linksIn('dag-cbor', Uint8Array.from(forged))).toEqual([])
    const named = [0xa2, ...text('asCID'), 0xf5, ...text('@ipld/js-cid/CID'), 0xf5]
    expect(linksIn('dag-cbor', Uint8Array.from(named))).toEqual([])
  })

  test('gives none for raw and for codecs that it does not know', () => {
    const bytes = dagCbor.encode([A])
    for (const codec of [0x55, 0x51, 0x0200, 0x78, 0x72]) {
      const block = createBlock(bytes, { codec })
      expect(linksOf(block)).toEqual([])
      expect(mayHaveLinks(block.cid)).toBe(false)
    }
  })

  test.each(['dag-pb', 'dag-cbor', 'dag-json'] as const)('random bytes as %s give only CairnErrors', async (codec) => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), (bytes) => expectDecoded(() => linksIn(codec, bytes))),
    )
  })

  test.each(['dag-pb', 'dag-cbor', 'dag-json'] as const)('damaged %s gives only CairnErrors', async (codec) => {
    const encode = {
      'dag-pb': () => dagPb.encode({ Links: [{ Hash: A, Name: 'a', Tsize: 1 }] }),
      'dag-cbor': () => dagCbor.encode(nested),
      'dag-json': () => dagJson.encode(nested),
    }
    const whole = encode[codec]()
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const damaged = Uint8Array.from(whole)
        damaged[at] = byte
        return expectDecoded(() => linksIn(codec, damaged))
      }),
    )
  })

  test('nesting without end does not overflow the stack', async () => {
    for (const depth of [1000, 100_000, 2_000_000]) {
      const arrays = new Uint8Array(depth + 1).fill(0x81)
      arrays[depth] = 1
      await expectDecoded(() => linksIn('dag-cbor', arrays))
      await expectDecoded(() =>
        linksIn('dag-json', new TextEncoder().encode('['.repeat(depth) + ']'.repeat(depth === 2_000_000 ? 9 : depth))),
      )
    }
    expect(
      linksIn('dag-cbor', Uint8Array.from([...new Uint8Array(500).fill(0x81), 0xd8, 0x2a, 0x58, 37, 0, ...A.bytes])),
    ).toHaveLength(1)
  })
})

test('codecs are found by name', async () => {
  expect(CODEC_NAMES.map(codecByName)).toEqual([0x55, 0x70, 0x71, 0x0129, 0x51, 0x0200])
  await expectCode('UNSUPPORTED', () => codecByName('git-raw'))
})

// Bytes on disk, as docs/formats/blockstore.md shows them, and what is refused.
import { isCairnError } from '@cairn/core'
import fc from 'fast-check'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { expect, test } from 'vitest'
import {
  decodeCheckpoint,
  decodeHeader,
  decodeLocation,
  decodeLogKey,
  encodeCheckpoint,
  encodeHeader,
  encodeLocation,
  encodeLogKey,
} from '../src/log/record.ts'

const hex = (bytes: Uint8Array): string => toString(bytes, 'base16')
const multihash = fromString('12205891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03', 'base16')
const id = fromString('29c3b6bdb5dcf8cc91ea0d75efb76853', 'base16')
const sequences = fc.nat(2 ** 52)

test('records have the bytes of the format document', () => {
  expect(hex(encodeHeader({ version: 1, id }))).toBe('636169726e2d626c6f636b730129c3b6bdb5dcf8cc91ea0d75efb76853')
  expect(hex(encodeLogKey(1, multihash))).toBe(`0000000000000001${hex(multihash)}`)
  expect(hex(encodeLocation({ sequence: 1, size: 6 }))).toBe('000000000000000100000006')
  expect(hex(encodeLocation({ sequence: 1, size: 6, isDamaged: true }))).toBe('00000000000000010000000601')
  const checkpoint = { id, sequence: 2, totals: { blocks: 1, bytes: 6 } }
  expect(hex(encodeCheckpoint(checkpoint))).toBe(`${hex(id)}000000000000000200000000000000010000000000000006`)
})

test('what is encoded decodes to itself', () => {
  fc.assert(
    fc.property(sequences, fc.nat(0xffff_ffff), fc.boolean(), (sequence, size, isClean) => {
      expect(decodeLogKey(encodeLogKey(sequence, multihash))).toEqual({ sequence, multihash })
      expect(decodeLocation(encodeLocation({ sequence, size }))).toEqual({ sequence, size })
      const damaged = { sequence, size, isDamaged: true }
      expect(decodeLocation(encodeLocation(damaged))).toEqual(damaged)
      const checkpoint = isClean ? { id, sequence, totals: { blocks: size, bytes: sequence } } : { id, sequence }
      expect(decodeCheckpoint(encodeCheckpoint(checkpoint))).toEqual(checkpoint)
      expect(decodeHeader(encodeHeader({ version: 1, id }))).toEqual({ version: 1, id })
    }),
  )
})

test('random bytes are refused with CORRUPT at most', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 64 }),
      fc.constantFrom(decodeLogKey, decodeLocation, decodeHeader, decodeCheckpoint),
      (bytes, decode) => {
        try {
          decode(bytes)
        } catch (error) {
          expect(isCairnError(error, 'CORRUPT')).toBe(true)
        }
      },
    ),
  )
})

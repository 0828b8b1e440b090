import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ProtobufReader, ProtobufWriter } from '../src/index.ts'
import { expectCode, expectDecoded } from './support/expect-code.ts'

const readerOf = (hex: string) => {
  const reader = new ProtobufReader(Buffer.from(hex, 'hex'))
  expect(reader.next()).toBeGreaterThan(0)
  return reader
}

type Field =
  | { readonly kind: 'number' | 'int32' | 'fixed32'; readonly value: number }
  | { readonly kind: 'int64'; readonly value: bigint }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }
  | { readonly kind: 'boolean'; readonly value: boolean }

const anyField: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ kind: fc.constant('number' as const), value: fc.maxSafeNat() }),
  fc.record({ kind: fc.constant('int32' as const), value: fc.integer() }),
  fc.record({ kind: fc.constant('fixed32' as const), value: fc.nat(0xff_ff_ff_ff) }),
  fc.record({ kind: fc.constant('int64' as const), value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }),
  fc.record({ kind: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({ kind: fc.constant('boolean' as const), value: fc.boolean() }),
)

const numbered = fc.array(fc.tuple(fc.integer({ min: 1, max: 2 ** 29 - 1 }), anyField), { maxLength: 20 })

function write(writer: ProtobufWriter, number: number, { kind, value }: Field): void {
  if (kind === 'bytes') writer.bytes(number, value)
  else if (kind === 'fixed32') writer.fixed32(number, value)
  else writer.varint(number, kind === 'boolean' ? Number(value) : value)
}

describe('protobuf', () => {
  test('reads what was written', () => {
    fc.assert(
      fc.property(numbered, (fields) => {
        const writer = new ProtobufWriter()
        for (const [number, field] of fields) write(writer, number, field)
        const bytes = writer.finish()
        const reader = new ProtobufReader(bytes)
        const skipper = new ProtobufReader(bytes)
        for (const [number, { kind, value }] of fields) {
          expect(reader.next()).toBe(number)
          expect(reader[kind]()).toEqual(value)
          expect(skipper.next()).toBe(number)
          skipper.skip()
        }
        expect([reader.next(), skipper.next()]).toEqual([0, 0])
      }),
    )
  })

  test('has the bytes of the specification', () => {
    const hex = (writer: ProtobufWriter) => Buffer.from(writer.finish()).toString('hex')
    expect(hex(new ProtobufWriter().varint(1, 150))).toBe('089601')
    expect(hex(new ProtobufWriter().bytes(2, Buffer.from('testing')))).toBe('120774657374696e67')
    expect(hex(new ProtobufWriter().varint(1, -2))).toBe('08feffffffffffffffff01')
    expect(hex(new ProtobufWriter().fixed32(3, 0x01020304))).toBe('1d04030201')
    expect(hex(new ProtobufWriter())).toBe('')
  })

  test('writes a message within a message as the bytes that it has by itself', () => {
    fc.assert(
      fc.property(numbered, numbered, (outer, inner) => {
        const filled = (fields: typeof outer) => {
          const writer = new ProtobufWriter()
          for (const [number, field] of fields) write(writer, number, field)
          return writer
        }
        const nested = filled(outer).message(7, filled(inner)).varint(8, 1).finish()
        expect(nested).toEqual(filled(outer).bytes(7, filled(inner).finish()).varint(8, 1).finish())
      }),
    )
  })

  test('keeps integers exact to 64 bits', async () => {
    expect(readerOf('08ffffffffffffffff7f').int64()).toBe(2n ** 63n - 1n)
    expect(readerOf('0880808080808080808001').int64()).toBe(-(2n ** 63n))
    expect(readerOf('08ffffffffffffffffff01').int64()).toBe(-1n)
    expect(readerOf('08ffffffffffffff0f').number()).toBe(Number.MAX_SAFE_INTEGER)
    await expectCode('INVALID', () => readerOf('088080808080808010').number())
    await expectCode('INVALID', () => readerOf('08ffffffffffffffffff01').number())
    for (const value of [2 ** 28 - 1, 2 ** 28, 2 ** 31 - 1, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      const reader = new ProtobufReader(new ProtobufWriter().varint(1, value).finish())
      reader.next()
      expect(reader.number()).toBe(value)
    }
  })

  test('cuts int32 to its low bits, and takes any number but 0 for true', () => {
    expect(readerOf('0880808080f0ffffffff01').int32()).toBe(0)
    expect(readerOf('08ffffffff0f').int32()).toBe(-1)
    expect(readerOf('08feffffffffffffffff01').int32()).toBe(-2)
    expect(readerOf('088080808080808080800100').boolean()).toBe(true)
    expect(readerOf('0880808000').boolean()).toBe(false)
    // Bits above the 64th are dropped.
    expect(readerOf('0880808080808080808002').boolean()).toBe(false)
    expect(readerOf('0881808080808080808002').number()).toBe(1)
  })

  test('reads repeated integers packed or one by one', async () => {
    expect(readerOf('22060 3 8e02 9ea705'.replaceAll(' ', '')).numbers()).toEqual([3, 270, 86_942])
    expect(readerOf('2003').numbers()).toEqual([3])
    expect(readerOf('2200').numbers()).toEqual([])
    await expectCode('INVALID', () => readerOf('220280').numbers())
    await expectCode('INVALID', () => readerOf('220180').numbers())
    await expectCode('INVALID', () => readerOf('2501000000').numbers())
  })

  test.each([
    ['a field without a number', '00'],
    ['a group', '0b'],
    ['the end of a group', '0c'],
    ['wire type 6', '0e'],
    ['wire type 7', '0f'],
    ['half a tag', '80'],
    ['a tag of 11 bytes', '8080808080808080808001'],
  ])('refuses %s', async (_, hex) => {
    await expectCode('INVALID', () => new ProtobufReader(Buffer.from(hex, 'hex')).next())
  })

  test('refuses values that go past the end, and lengths without end', async () => {
    for (const hex of [
      '08',
      '0880',
      '0d000000',
      '0900000000000000',
      '0a01',
      '0a8001',
      '0affffffffffffff0f',
      '0affffffffffffffff7f',
    ]) {
      await expectCode('INVALID', () => readerOf(hex).skip())
    }
    await expectCode('INVALID', () => readerOf('0a0201').bytes())
  })

  test('refuses a value of another wire type', async () => {
    for (const method of ['number', 'int32', 'int64', 'boolean', 'fixed32'] as const) {
      await expectCode('INVALID', () => readerOf('0a0101')[method]())
    }
    await expectCode('INVALID', () => readerOf('0801').bytes())
  })

  test('random bytes give only CairnErrors, and never a loop', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 60 }),
        fc.array(fc.constantFrom('skip', 'number', 'numbers', 'bytes', 'int64'), { minLength: 1 }),
        (bytes, methods) =>
          expectDecoded(() => {
            const reader = new ProtobufReader(bytes)
            for (let count = 0; reader.next() !== 0; count++) {
              expect(count).toBeLessThan(61)
              reader[methods[count % methods.length] ?? 'skip']()
            }
          }),
      ),
      { numRuns: 1000 },
    )
  })
})

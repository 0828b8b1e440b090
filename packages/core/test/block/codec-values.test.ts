// Values in every codec: the fixtures of ipld/codec-fixtures byte for byte, and what JavaScript would get wrong.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import fc from 'fast-check'
import type { CID } from 'multiformats/cid'
import { describe, expect, test } from 'vitest'
import {
  codecByName,
  createBlock,
  decodeValue,
  encodeValue,
  eachLink,
  IpldFloat,
  linksOf,
  type CodecName,
  type IpldValue,
} from '../../src/index.ts'
import { expectCode } from '../support/expect-code.ts'
import { rawBlock } from '../support/map-store.ts'

const FOLDER = join(import.meta.dirname, '../../../../../shared/fixtures/codec')
const isHere = existsSync(FOLDER)
if (!isHere)
  console.warn('codec fixtures are skipped: the collection of ipld/codec-fixtures is not beside the repository')

const codecOf = (path: string) => path.slice(path.lastIndexOf('.') + 1) as CodecName
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const text = (value: string) => new TextEncoder().encode(value)
const cbor = (bytes: string) => Buffer.from(bytes.replaceAll(' ', ''), 'hex')

describe.skipIf(!isHere)('codec fixtures', () => {
  test('every value goes from every codec of its folder into every other, byte for byte', () => {
    let trips = 0
    for (const folder of globSync('fixtures/*', { cwd: FOLDER })) {
      const files = globSync('*.dag-*', { cwd: join(FOLDER, folder) }).map((name) => join(FOLDER, folder, name))
      for (const from of files) {
        for (const isStrict of [true, false]) {
          const value = decodeValue(codecOf(from), readFileSync(from), { isStrict })
          for (const to of files) {
            const bytes = encodeValue(codecOf(to), value)
            expect([folder, hex(bytes)]).toEqual([folder, readFileSync(to).toString('hex')])
            const { cid } = createBlock(bytes, { codec: codecByName(codecOf(to)) })
            expect(cid.toString()).toBe(basename(to, `.${codecOf(to)}`))
            trips++
          }
        }
      }
    }
    expect(trips).toBeGreaterThan(1000)
  })

  test('what must not decode does not, and what must not encode neither', async () => {
    let cases = 0
    for (const path of globSync('negative/*/decode/*.json', { cwd: FOLDER })) {
      for (const form of JSON.parse(readFileSync(join(FOLDER, path), 'utf8')) as readonly { readonly hex: string }[]) {
        const codec = path.split('/')[1] as CodecName
        await expectCode('INVALID', () => decodeValue(codec, Buffer.from(form.hex, 'hex')))
        cases++
      }
    }
    for (const path of globSync('negative/dag-pb/encode/*.json', { cwd: FOLDER })) {
      for (const form of JSON.parse(readFileSync(join(FOLDER, path), 'utf8')) as readonly {
        readonly 'dag-json': unknown
      }[]) {
        const value = decodeValue('dag-json', text(JSON.stringify(form['dag-json'])))
        if (value === null && form['dag-json'] !== null) throw new Error('unreadable')
        await expectCode('INVALID', () => encodeValue('dag-pb', value))
        cases++
      }
    }
    expect(cases).toBe(89)
  })
})

describe('what JavaScript would lose', () => {
  test.for([
    ['fb3ff0000000000000', '1.0'],
    ['fb8000000000000000', '-0.0'],
    ['fb444b1ae4d6e2ef50', '1e+21'],
    ['1bffffffffffffffff', '18446744073709551615'],
    ['3bffffffffffffffff', '-18446744073709551616'],
    ['1b0020000000000000', '9007199254740992'],
    ['1b001fffffffffffff', '9007199254740991'],
    ['3b001fffffffffffff', '-9007199254740992'],
    ['a2 6131 01 6162 02', '{"1":1,"b":2}'],
    ['a1 69 5f5f70726f746f5f5f 01', '{"__proto__":1}'],
    ['a2 61 7a 01 62 6161 02', '{"aa":2,"z":1}'],
    ['60', '""'],
    ['a1 60 f6', '{"":null}'],
    ['63 efbbbf', '"\ufeff"'],
  ] as const)('%s is %s and back', ([bytes, json]) => {
    const value = decodeValue('dag-cbor', cbor(bytes), { isStrict: true })
    expect(Buffer.from(encodeValue('dag-json', value)).toString()).toBe(json)
    expect(hex(encodeValue('dag-cbor', decodeValue('dag-json', text(json))))).toBe(hex(cbor(bytes)))
  })
})

describe('strict decoding', () => {
  const notCanonical = ['a2 6162 01 6161 02', 'f9 3c00', 'fa 3f800000', 'f7', '61 ff', 'a1 61ff 01']
  test.for(notCanonical)('dag-cbor %s is read, and refused when strict', async (bytes) => {
    decodeValue('dag-cbor', cbor(bytes))
    await expectCode('INVALID', () => decodeValue('dag-cbor', cbor(bytes), { isStrict: true }))
    expect(linksOf(createBlock(cbor(bytes), { codec: 0x71 }))).toEqual([])
  })

  const never = [
    '',
    '18 17',
    '1900ff',
    '1a0000ffff',
    '1b00000000ffffffff',
    '9f 01 ff',
    '5f 41 00 ff',
    'bf ff',
    'f97e00',
    'f97c00',
    'fb7ff0000000000000',
    'f8 20',
    'e0',
    'f3',
    'a1 01 02',
    'a2 6161 01 6161 02',
    'a3 6162 01 6161 02 6162 03',
    'c1 00',
    'd82b 41 00',
    'd82a 40',
    'd82a 41 01',
    'd82a 60',
    '01 01',
    '81',
    '61',
    '5b ffffffffffffffff',
    '9b ffffffffffffffff',
    'bb 7fffffffffffffff',
    '9a ffffffff',
    'ff',
    '1c',
  ]
  test.for(never)('dag-cbor %j is never read', async (bytes) => {
    await expectCode('INVALID', () => decodeValue('dag-cbor', cbor(bytes)))
    await expectCode('INVALID', () => linksOf(createBlock(cbor(bytes), { codec: 0x71 })))
  })

  const noJson = [
    '',
    ' ',
    '{',
    '[',
    '[1,]',
    '{"a":1,}',
    '{"a" 1}',
    '{a:1}',
    '01',
    '1.',
    '.5',
    '-',
    '+1',
    '1e',
    'NaN',
    'Infinity',
    '1e999',
    '18446744073709551616',
    '"\u0001"',
    '"\\x"',
    '"\\ud800"',
    '"',
    'nul',
    '1 2',
    '{"a":1,"a":2}',
    '{"/":"nonsense"}',
    '{"/":"bafkqaaa","a":1}',
    '{"/":{"bytes":"a"}}',
    '{"/":{"bytes":"AB"}}',
    '{"/":{"bytes":"AQ","x":1}}',
    '\ufeff1',
  ]
  test.for(noJson)('dag-json %j is never read', (json) =>
    expectCode('INVALID', () => decodeValue('dag-json', text(json))),
  )

  test('dag-json that is not canonical is read, and written as it should be', () => {
    const value = decodeValue(
      'dag-json',
      text(' { "b" : 1E2 ,\n\t"a":{"/":{"bytes":"AQ=="}}, "\\u00e9": -0, "/": 5 } '),
    )
    expect(Buffer.from(encodeValue('dag-json', value)).toString()).toBe(
      '{"/":5,"a":{"/":{"bytes":"AQ"}},"b":100.0,"é":0}',
    )
  })

  test('a map that would come back as a link is not written', async () => {
    const forged = decodeValue('dag-cbor', cbor('a1 612f 68 6261666b71616161'))
    expect(forged).toBeInstanceOf(Map)
    await expectCode('INVALID', () => encodeValue('dag-json', forged))
    expect(Buffer.from(encodeValue('json', forged)).toString()).toBe('{\n\t"/": "bafkqaaa"\n}\n')
  })

  test('plain cbor and json have no links, and keep the order of keys', async () => {
    const link = rawBlock(1).cid
    for (const codec of ['cbor', 'json'] as const) await expectCode('INVALID', () => encodeValue(codec, [link]))
    await expectCode('INVALID', () => encodeValue('json', Uint8Array.of(1)))
    await expectCode('INVALID', () => decodeValue('cbor', encodeValue('dag-cbor', link)))
    expect(decodeValue('json', text('{"/":"bafkqaaa"}'))).toEqual(new Map([['/', 'bafkqaaa']]))
    const value = decodeValue('json', text('{"b":1,"a":[]}'))
    expect(hex(encodeValue('cbor', value))).toBe('a2616201616180')
    expect(Buffer.from(encodeValue('json', value)).toString()).toBe('{\n\t"b": 1,\n\t"a": [\n\t]\n}\n')
    await expectCode('INVALID', () => encodeValue('raw', 1))
  })
})

// Bytes of Kubo: its encoder knows \n, \r and \t alone, and escapes the line separators of Unicode.
test.for(['dag-json', 'json'] as const)('%s escapes as Kubo does', (codec) => {
  const escaped = String.raw`"\u0008\u000c\n\r\t\u0001\u2028\u2029\\b\\\u0008\"/` + '\u007f<&>"'
  expect(Buffer.from(encodeValue(codec, JSON.parse(escaped))).toString()).toBe(escaped)
  expect(decodeValue(codec, text(escaped))).toBe(JSON.parse(escaped))
})

test('a string of cbor that is not UTF-8 is read, but refused where it would be written otherwise', async () => {
  for (const bytes of ['61ff', 'a161ff01']) {
    expect(() => decodeValue('cbor', cbor(bytes))).not.toThrow()
    await expectCode('INVALID', () => decodeValue('cbor', cbor(bytes), { isStrict: true }))
  }
  // What else is not canonical is taken.
  expect(decodeValue('cbor', cbor('a2616201616101'), { isStrict: true })).toBeInstanceOf(Map)
})

const anyText = fc.string({ unit: 'binary', maxLength: 12 })
const { value: anyValue } = fc.letrec<{ value: IpldValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
    fc.bigInt({ min: -(2n ** 64n), max: -(2n ** 53n) }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => new IpldFloat(value)),
    anyText,
    fc.uint8Array({ maxLength: 12 }),
    fc.uint8Array({ minLength: 1, maxLength: 8 }).map((bytes): CID => createBlock(bytes, { codec: 0x55 }).cid),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(
        fc.tuple(
          anyText.filter((key) => key !== '/'),
          tie('value'),
        ),
        { maxLength: 4 },
      )
      .map((entries) => new Map(entries)),
  ),
}))

test('any value comes back from dag-cbor and dag-json, and its links are found', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const bytes = encodeValue('dag-cbor', value)
      const json = encodeValue('dag-json', value)
      expect(hex(encodeValue('dag-cbor', decodeValue('dag-cbor', bytes, { isStrict: true })))).toBe(hex(bytes))
      expect(hex(encodeValue('dag-cbor', decodeValue('dag-json', json)))).toBe(hex(bytes))
      expect(hex(encodeValue('dag-json', decodeValue('dag-cbor', bytes)))).toBe(hex(json))
      const links = [bytes, json].map((form, index) =>
        linksOf(createBlock(form, { codec: index === 0 ? 0x71 : 0x0129 }))
          .map(({ cid }) => cid.toString())
          .toSorted(),
      )
      expect(links[0]).toEqual(links[1])
    }),
  )
})

describe('small bytes that ask for much', () => {
  test('nesting is refused as LIMIT, at once', async () => {
    for (const depth of [1025, 100_000, 2_000_000]) {
      await expectCode('LIMIT', () => decodeValue('dag-cbor', Buffer.alloc(depth + 1, 0x81)))
      await expectCode('LIMIT', () => linksOf(createBlock(Buffer.alloc(depth + 1, 0x81), { codec: 0x71 })))
      await expectCode('LIMIT', () => decodeValue('dag-json', Buffer.alloc(depth, '[')))
      await expectCode('LIMIT', () => linksOf(createBlock(Buffer.alloc(depth, '['), { codec: 0x0129 })))
    }
    const deep = Buffer.concat([Buffer.alloc(1024, 0x81), Buffer.of(1)])
    expect(hex(encodeValue('dag-cbor', decodeValue('dag-cbor', deep)))).toBe(hex(deep))
  })

  test('a value of very many parts is refused as LIMIT, and its links are found all the same', async () => {
    const maps = Buffer.concat([cbor('9a001e8480'), Buffer.alloc(2_000_000, 0xa0)])
    await expectCode('LIMIT', () => decodeValue('dag-cbor', maps))
    expect(linksOf(createBlock(maps, { codec: 0x71 }))).toEqual([])
  })

  test('links are decoded one by one', () => {
    const identity = 'd82a450001550000'
    const count = 200_000
    const block = createBlock(Buffer.concat([cbor('9a00030d40'), Buffer.from(identity.repeat(count), 'hex')]), {
      codec: 0x71,
    })
    let found = 0
    for (const { cid } of eachLink(block)) found += cid.code === 0x55 ? 1 : 0
    expect(found).toBe(count)
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createBlock, DAG_PB_CODE, encodeUnixFS, listDirectory, type Block } from '../../src/index.ts'
import { findEntry } from '../../src/directory/find-entry.ts'
import { ProtobufWriter } from '../../src/protobuf.ts'
import { all } from '../support/bytes.ts'
import { expectCode } from '../support/expect-code.ts'
import { MemoryReader, TARGET } from './hamt-fixtures.ts'

/** A plain directory with these bytes as names, each with its place as the size. */
function plain(names: readonly Uint8Array[]): Block {
  const links = names.map((name, index) => {
    const link = new ProtobufWriter().bytes(1, TARGET.bytes).bytes(2, name).varint(3, index)
    return new ProtobufWriter().message(2, link).finish()
  })
  const message = encodeUnixFS({ type: 'directory', data: new Uint8Array(0), blockSizes: [] }, [])
  return createBlock(Buffer.concat([...links, message]), { codec: DAG_PB_CODE })
}

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text))

describe('findEntry', () => {
  test('finds in a plain directory what its listing shows, whatever bytes the names are', async () => {
    const anyName = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3 }).map(bytesOf),
      fc.constantFrom('', 'a', '\uFEFFa', 'a\uFEFF', '\uFFFD', '\u{1F600}').map(bytesOf),
      fc.uint8Array({ maxLength: 2 }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(anyName, { maxLength: 8 }), async (names) => {
        // Where several look the same, only what is asked for by its bytes is found: nothing is listed.
        const odd = names.map((name) => Buffer.from(name).toString()).filter((name) => name.includes('\uFFFD'))
        fc.pre(new Set(odd).size === odd.length)
        const block = plain(names)
        const reader = new MemoryReader([block])
        const listed = await all(listDirectory(reader, block.cid))
        for (const { name, cid, tsize } of listed) {
          const found = await findEntry(reader, { directory: block.cid, name })
          expect(found).toMatchObject({ name, cid })
          // A name of these very bytes comes before one that only looks like it.
          const exact = names.findIndex((bytes) => Buffer.compare(bytes, bytesOf(name)) === 0)
          expect(found?.tsize).toBe(exact === -1 ? tsize : exact)
        }
        const absent = 'not there'
        expect(await findEntry(reader, { directory: block.cid, name: absent })).toBeUndefined()
      }),
    )
  })

  test('keeps a mark at the beginning of a name, which some decoders drop', async () => {
    const block = plain([bytesOf('\uFEFFa'), bytesOf('a')])
    const reader = new MemoryReader([block])
    const names = (await all(listDirectory(reader, block.cid))).map(({ name }) => name)
    expect(names).toEqual(['\uFEFFa', 'a'])
    expect((await findEntry(reader, { directory: block.cid, name: 'a' }))?.tsize).toBe(1)
  })

  test('refuses what is no directory, and a link without a CID on the way', async () => {
    const file = createBlock(bytesOf('content'), { codec: 0x55 })
    await expectCode('INVALID', () => findEntry(new MemoryReader([file]), { directory: file.cid, name: 'a' }))
    const broken = Buffer.from(plain([bytesOf('a')]).bytes)
    broken[4] = 0x7f // the version of the CID
    const block = createBlock(broken, { codec: DAG_PB_CODE })
    await expectCode('INVALID', () => findEntry(new MemoryReader([block]), { directory: block.cid, name: 'a' }))
  })
})

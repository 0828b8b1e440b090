import fc from 'fast-check'
import type { CID } from 'multiformats/cid'
import { describe, expect, test } from 'vitest'
import {
  createBlock,
  decodeUnixFS,
  encodeUnixFS,
  PROFILES,
  readFile,
  type Block,
  type ImportSettings,
} from '../../src/index.ts'
import { MFS_CHUNK_BYTES_MIN, MFS_FILE_BYTES_MAX } from '../../src/limits.ts'
import { resizeFile, writeInto } from '../../src/mfs/edit-file.ts'
import type { FormDefaults } from '../../src/mfs/open-file.ts'
import { PendingBlocks } from '../../src/mfs/workspace.ts'
import { fileImporter } from '../../src/unixfs/import-file.ts'
import { allBytes, patternBytes } from '../support/bytes.ts'
import { expectCode } from '../support/expect-code.ts'

const CHUNK = MFS_CHUNK_BYTES_MIN
/** Small leaves under narrow nodes, so that little content makes a deep tree. */
const SETTINGS: ImportSettings = { ...PROFILES['unixfs-v1-2025'], chunker: `size-${CHUNK}`, linksPerNode: 3 }
const DEFAULTS: FormDefaults = { ...SETTINGS, chunkBytes: CHUNK }
const NONE = {}

/** Blocks in memory alone. */
function memory(): PendingBlocks {
  return new PendingBlocks({ get: (cid) => Promise.reject(new Error(`${cid} is not here`)) })
}

async function importInto(workspace: PendingBlocks, content: Uint8Array, settings = SETTINGS): Promise<CID> {
  let root: CID | undefined
  for await (const { block, part } of fileImporter(settings)(pieces(content))) {
    workspace.add(block)
    root = part.cid
  }
  if (root === undefined) throw new Error('a file has a root')
  return root
}

async function* pieces(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content
}

const bytesOf = (workspace: PendingBlocks, cid: CID) => allBytes(readFile(workspace, cid))

/** What an array does when bytes are written into it. */
function written(content: Uint8Array, offset: number, bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return content
  const result = new Uint8Array(Math.max(content.length, offset + bytes.length))
  result.set(content)
  result.set(bytes, offset)
  return result
}

const edits = fc.array(
  fc.oneof(
    fc.record({ offset: fc.nat(14 * CHUNK), length: fc.oneof(fc.nat(20), fc.nat(5 * CHUNK), fc.constant(CHUNK)) }),
    fc.record({ size: fc.oneof(fc.nat(14 * CHUNK), fc.constant(0), fc.constant(3 * CHUNK)) }),
  ),
  { maxLength: 6 },
)

const forms = {
  'raw leaves': SETTINGS,
  'dag-pb leaves, CIDv0': { ...SETTINGS, rawLeaves: false, cidVersion: 0 },
  trickle: { ...SETTINGS, layout: 'trickle' },
  'trickle, dag-pb leaves': { ...SETTINGS, layout: 'trickle', rawLeaves: false },
  'leaves of another size': { ...SETTINGS, chunker: 'size-1000' },
} as const satisfies Record<string, ImportSettings>

describe('writeInto and resizeFile', () => {
  test.each(Object.entries(forms))('do to a file what they do to an array: %s', async (_, settings) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(12 * CHUNK), edits, async (length, changes) => {
        const workspace = memory()
        let content = patternBytes(length)
        let cid = await importInto(workspace, content, settings)
        for (const change of changes) {
          const options = { defaults: { ...DEFAULTS, rawLeaves: settings.rawLeaves }, metadata: NONE }
          if ('size' in change) {
            content = written(
              content.slice(0, change.size),
              change.size - 1,
              new Uint8Array(change.size > content.length ? 1 : 0),
            )
            ;({ cid } = await resizeFile(workspace, cid, { ...change, ...options }))
          } else {
            const bytes = patternBytes(change.length + 7).slice(7)
            content = written(content, change.offset, bytes)
            ;({ cid } = await writeInto(workspace, cid, { offset: change.offset, bytes, ...options }))
          }
          expect(Buffer.compare(await bytesOf(workspace, cid), content)).toBe(0)
        }
      }),
      { numRuns: 40 },
    )
  })

  test.each(['raw leaves', 'dag-pb leaves, CIDv0'] as const)(
    'give the CID of an import of the whole: %s',
    async (name) => {
      const settings = forms[name]
      const defaults = { ...DEFAULTS, ...settings, chunkBytes: CHUNK }
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(4 * CHUNK), { maxLength: 8 }), fc.nat(30 * CHUNK), async (lengths, cutAt) => {
          const workspace = memory()
          const content = patternBytes(lengths.reduce((total, length) => total + length, 0))
          let cid = await importInto(workspace, new Uint8Array(0), settings)
          let at = 0
          for (const length of lengths) {
            const bytes = content.slice(at, at + length)
            ;({ cid } = await writeInto(workspace, cid, { offset: at, bytes, defaults, metadata: NONE }))
            at += length
          }
          expect(`${cid}`).toBe(`${await importInto(memory(), content, settings)}`)
          const cut = { size: Math.min(cutAt, content.length), defaults, metadata: NONE }
          const { cid: shorter } = await resizeFile(workspace, cid, cut)
          expect(`${shorter}`).toBe(`${await importInto(memory(), content.slice(0, cutAt), settings)}`)
          // Zeros are added a subtree at a time.
          const { cid: longer } = await resizeFile(workspace, shorter, { ...cut, size: cut.size + 40 * CHUNK + 5 })
          const zeros = written(content.slice(0, cutAt), cut.size + 40 * CHUNK + 4, Uint8Array.of(0))
          expect(`${longer}`).toBe(`${await importInto(memory(), zeros, settings)}`)
        }),
        { numRuns: 60 },
      )
    },
  )

  test('one byte in a file of 10 GiB touches as many blocks as the file is deep', async () => {
    const workspace = memory()
    const defaults = { ...PROFILES['unixfs-v1-2025'], chunkBytes: 256 * 1024 }
    const empty = await importInto(workspace, new Uint8Array(0))
    const { cid } = await resizeFile(workspace, empty, { size: 10 * 2 ** 30, defaults, metadata: NONE })
    const before = workspace.reachableFrom(cid)
    const change = { offset: 7_654_321_987, bytes: Uint8Array.of(1), defaults, metadata: NONE }
    const changed = await writeInto(workspace, cid, change)
    const after = new Set(before.map((block) => `${block.cid}`))
    expect(workspace.reachableFrom(changed.cid).filter((block) => !after.has(`${block.cid}`))).toHaveLength(3)
    expect(changed.size).toBe(10 * 2 ** 30)
    const range = { offset: change.offset - 1, length: 3 }
    expect(await allBytes(readFile(workspace, changed.cid, range))).toEqual(Uint8Array.of(0, 1, 0))
  })

  test('a write far beyond the end costs as much as the tree is deep, and no more than 1 PiB is filled', async () => {
    const workspace = memory()
    const cid = await importInto(workspace, patternBytes(100))
    const options = { defaults: DEFAULTS, metadata: NONE }
    const wide = { ...options, defaults: { ...DEFAULTS, linksPerNode: 1024 } }
    const { cid: far, size } = await writeInto(workspace, cid, { offset: 2 ** 40, bytes: Uint8Array.of(1), ...wide })
    expect(size).toBe(2 ** 40 + 1)
    expect(workspace.reachableFrom(far).length).toBeLessThan(30)
    const beyond = { offset: MFS_FILE_BYTES_MAX, bytes: Uint8Array.of(1), ...options }
    await expectCode('LIMIT', () => writeInto(workspace, cid, beyond))
    await expectCode('LIMIT', () => resizeFile(workspace, cid, { size: MFS_FILE_BYTES_MAX + 1, ...options }))
  })

  test('mode and time stay with the root, and cost a raw leaf its codec', async () => {
    const workspace = memory()
    const metadata = { mode: 0o600, mtime: { seconds: 5n, nanoseconds: 7 } }
    const options = { defaults: DEFAULTS, metadata }
    const cid = await importInto(workspace, patternBytes(100))
    const one = await writeInto(workspace, cid, { offset: 0, bytes: Uint8Array.of(1), ...options })
    expect(decodeUnixFS(await workspace.get(one.cid)).data).toMatchObject(metadata)
    const many = await writeInto(workspace, one.cid, { offset: 90, bytes: patternBytes(9 * CHUNK), ...options })
    expect(decodeUnixFS(await workspace.get(many.cid)).data).toMatchObject(metadata)
    const plain = await resizeFile(workspace, many.cid, { size: many.size, defaults: DEFAULTS, metadata: NONE })
    const content = written(written(patternBytes(100), 0, Uint8Array.of(1)), 90, patternBytes(9 * CHUNK))
    expect(`${plain.cid}`).toBe(`${await importInto(workspace, content)}`)
  })

  test('a file of another make keeps its content: data in interior nodes, parts of any size', async () => {
    const workspace = memory()
    const leaf = createBlock(patternBytes(10), { codec: 0x55 })
    const inner = fileNode(patternBytes(3), [
      [leaf, 10],
      [leaf, 10],
    ])
    const root = fileNode(patternBytes(5), [
      [inner, 23],
      [leaf, 10],
      [inner, 23],
    ])
    for (const block of [leaf, inner, root]) workspace.add(block)
    const content = await bytesOf(workspace, root.cid)
    const options = { defaults: DEFAULTS, metadata: NONE }
    for (const [offset, length] of [
      [0, 61],
      [4, 2],
      [60, 5],
      [61, 5000],
      [20, 1],
    ] as const) {
      const bytes = patternBytes(length + 1).slice(1)
      const { cid } = await writeInto(workspace, root.cid, { offset, bytes, ...options })
      expect(await bytesOf(workspace, cid)).toEqual(written(content, offset, bytes))
    }
    for (const size of [0, 3, 5, 30, 60]) {
      const { cid } = await resizeFile(workspace, root.cid, { size, ...options })
      expect(await bytesOf(workspace, cid)).toEqual(content.slice(0, size))
    }
  })

  test('a file that contradicts itself is refused', async () => {
    const workspace = memory()
    const leaf = createBlock(patternBytes(10), { codec: 0x55 })
    const root = fileNode(patternBytes(0), [
      [leaf, 10],
      [leaf, 11],
    ])
    const directory = createBlock(encodeUnixFS({ type: 'directory', data: new Uint8Array(0), blockSizes: [] }, []), {
      codec: 0x70,
    })
    for (const block of [leaf, root, directory]) workspace.add(block)
    const options = { defaults: DEFAULTS, metadata: NONE }
    await expectCode('INVALID', () =>
      writeInto(workspace, root.cid, { offset: 15, bytes: Uint8Array.of(1), ...options }),
    )
    await expectCode('INVALID', () => resizeFile(workspace, root.cid, { size: 15, ...options }))
    await expectCode('INVALID', () => resizeFile(workspace, directory.cid, { size: 15, ...options }))
  })
})

function fileNode(data: Uint8Array, parts: readonly (readonly [block: Block, size: number])[]): Block {
  const blockSizes = parts.map(([, size]) => size)
  const fileSize = blockSizes.reduce((total, size) => total + size, data.length)
  const links = parts.map(([{ cid }]) => ({ Hash: cid, Name: '', Tsize: 1 }))
  return createBlock(encodeUnixFS({ type: 'file', data, blockSizes, fileSize }, links), { codec: 0x70 })
}

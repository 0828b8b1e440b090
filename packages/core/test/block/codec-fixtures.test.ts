// Blocks and forms to refuse from ipld/codec-fixtures, where that collection stands beside the repository.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { describe, expect, test } from 'vitest'
import {
  codecByName,
  createBlock,
  decodeUnixFS,
  linksOf,
  parseCid,
  verifyBlock,
  type CodecName,
} from '../../src/index.ts'
import { expectCode, expectDecoded } from '../support/expect-code.ts'

const FOLDER = join(import.meta.dirname, '../../../../../shared/fixtures/codec')
const isHere = existsSync(FOLDER)
if (!isHere)
  console.warn('codec fixtures are skipped: the collection of ipld/codec-fixtures is not beside the repository')

const filesOf = (pattern: string) => globSync(pattern, { cwd: FOLDER }).map((path) => join(FOLDER, path))
const codecOf = (path: string) => path.slice(path.lastIndexOf('.') + 1)

describe.skipIf(!isHere)('codec fixtures', () => {
  const blocks = filesOf('fixtures/*/*.dag-*').map((path) => {
    return verifyBlock(parseCid(basename(path, `.${codecOf(path)}`)), readFileSync(path))
  })

  test('every block decodes, and gives the same links in each codec', () => {
    expect(blocks.length).toBeGreaterThan(200)
    const cborLinks = new Map<string, string[]>()
    for (const path of filesOf('fixtures/*/*.dag-*')) {
      const block = verifyBlock(parseCid(basename(path, `.${codecOf(path)}`)), readFileSync(path))
      const links = linksOf(block).map(({ cid }) => cid.toString())
      const value = join(path, '..')
      expect(links.toSorted()).toEqual((cborLinks.get(value) ?? links).toSorted())
      cborLinks.set(value, links)
    }
  })

  test('links are those of the decoded value', () => {
    for (const block of blocks.filter(({ cid }) => cid.code === dagCbor.code)) {
      const links = linksOf(block)
      const value = dagCbor.decode(block.bytes)
      if (CID.asCID(value) !== null) expect(links.map(({ cid }) => cid)).toEqual([value])
      for (const { cid } of links) expect(Buffer.from(block.bytes).includes(Buffer.from(cid.bytes))).toBe(true)
    }
  })

  test('none of the dag-pb nodes passes for a UnixFS node with wrong sizes', async () => {
    for (const block of blocks.filter(({ cid }) => cid.code === codecByName('dag-pb'))) {
      await expectDecoded(() => decodeUnixFS(block))
    }
  })

  test('every form that must be refused is refused as INVALID', async () => {
    const cases = filesOf('negative/*/decode/*.json').flatMap((path) => {
      const forms = JSON.parse(readFileSync(path, 'utf8')) as readonly { readonly hex: string }[]
      return forms.map(({ hex }) => ({ hex, codec: basename(join(path, '../..')) as CodecName }))
    })
    expect(cases.length).toBeGreaterThan(5)
    for (const { hex, codec } of cases) {
      const block = createBlock(Buffer.from(hex, 'hex'), { codec: codecByName(codec) })
      await expectCode('INVALID', () => linksOf(block))
    }
  })
})

// Chunkers whose cuts depend on content: where they cut, and the CIDs that follow from it in both forms of leaves.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { dropBlocks, importTree, parseChunker, PROFILES } from '@cairn/core'
import { describe, expect, it } from 'vitest'
import { bytesOf, isAvailable, sourceOf, type VectorInput } from './inputs.ts'

interface ChunkerVector {
  readonly id: string
  readonly input: Exclude<VectorInput, { kind: 'dir' | 'dir-series' | 'symlink' }>
  readonly chunker: string
  readonly lengths: readonly number[]
  readonly cidV1RawLeaves: string
  readonly cidV0: string
}

const { vectors }: { readonly vectors: readonly ChunkerVector[] } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'chunkers.json'), 'utf8'),
)

describe('chunker vectors', () => {
  for (const { id, input, chunker, lengths, cidV1RawLeaves, cidV0 } of vectors) {
    it.skipIf(!isAvailable({ input }))(id, async () => {
      const chunks = []
      for await (const chunk of parseChunker(chunker)(inPieces(bytesOf(input)))) chunks.push(chunk.length)
      expect(chunks).toEqual(lengths)
      expect(await cidOf(input, { chunker, cidVersion: 1, rawLeaves: true })).toBe(cidV1RawLeaves)
      expect(await cidOf(input, { chunker, cidVersion: 0, rawLeaves: false })).toBe(cidV0)
    })
  }
})

/** The bytes in pieces of a size that no chunker knows. */
async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 10_007) yield bytes.subarray(at, at + 10_007)
}

async function cidOf(
  input: VectorInput,
  form: { readonly chunker: string; readonly cidVersion: 0 | 1; readonly rawLeaves: boolean },
): Promise<string | undefined> {
  const settings = { ...PROFILES['unixfs-v0-2015'], ...form }
  let cid: string | undefined
  for await (const event of dropBlocks(importTree({ name: '', source: sourceOf(input) }, settings))) {
    if (event.kind === 'entry') cid = event.cid.toString()
  }
  return cid
}

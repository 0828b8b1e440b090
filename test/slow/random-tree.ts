// Folders of random files as sources of an import: small ones mostly, some of many blocks.
import { createCipheriv } from 'node:crypto'
import type { NamedSource } from '@cairn/core'
import { below, type Random } from './random.ts'

const KIB = 1024

/** A folder of up to eight files, which no other seed gives. One in ten has a file of several commits. */
export function randomTree(random: Random): NamedSource {
  const sizes = randomSizes(random, 200 * KIB)
  if (random() < 0.1) sizes.push(4 * KIB * KIB + below(random, 12 * KIB * KIB))
  return treeOf(sizes, random)
}

/** A folder of up to eight small files, which no other seed gives. It can be imported again. */
export function smallTree(random: Random): NamedSource {
  return treeOf(randomSizes(random, 4 * KIB), random)
}

function randomSizes(random: Random, bytesMax: number): number[] {
  return Array.from({ length: 1 + below(random, 8) }, () => below(random, bytesMax))
}

function treeOf(sizes: readonly number[], random: Random): NamedSource {
  const files = sizes.map((size, index) => randomFile(`file-${index}`, size, random))
  async function* entries(): AsyncGenerator<NamedSource> {
    yield* files
  }
  return { name: 'tree', source: { kind: 'directory', entries } }
}

function randomFile(name: string, size: number, random: Random): NamedSource {
  const key = Buffer.from(Array.from({ length: 16 }, () => below(random, 256)))
  async function* content(): AsyncGenerator<Uint8Array> {
    const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16))
    for (let left = size; left > 0; left -= 64 * KIB) yield cipher.update(Buffer.alloc(Math.min(left, 64 * KIB)))
  }
  return { name, source: { kind: 'file', content } }
}

// Inputs of the CID vectors: as sources for the core, and as real files. The forms are those of the vector collection.
import { createCipheriv, createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImportSource, Metadata, NamedSource } from '@cairn/core'

/** Permissions as an octal number, and time. */
interface VectorMetadata {
  readonly mode?: string
  readonly mtime?: { readonly seconds: number; readonly nanoseconds?: number }
}

export type VectorInput = VectorMetadata & VectorContent

type VectorContent =
  | { readonly kind: 'bytes'; readonly text: string }
  | { readonly kind: 'repeat'; readonly text: string; readonly count: number }
  | { readonly kind: 'zeros'; readonly size: number }
  | { readonly kind: 'chacha20'; readonly seed: string; readonly size: number }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'dir'; readonly entries: readonly { readonly name: string; readonly input: VectorInput }[] }
  | {
      readonly kind: 'dir-series'
      readonly from: number
      readonly to: number
      readonly name: string
      readonly text: string
    }

export interface Vector {
  readonly id: string
  readonly op?: 'block-put' | 'dag-put'
  readonly input: VectorInput
  readonly params: {
    readonly profile?: 'unixfs-v1-2025' | 'unixfs-v0-2015'
    readonly cidVersion: 0 | 1
    readonly hash: 'sha2-256' | 'sha2-512' | 'sha3-256' | 'blake2b-256'
    readonly rawLeaves: boolean
    readonly chunker: string
    readonly maxFileLinks: number
    readonly estimation: 'links' | 'block'
    /** Present in the vectors that shard where the profiles would not. */
    readonly hamtThreshold?: number
    readonly fanout?: number
    readonly storeCodec?: 'dag-cbor' | 'dag-json'
    readonly layout?: 'trickle'
    readonly inlineLimit?: number
  } & VectorMetadata
  readonly cid: string
  readonly tsize?: number
}

/** Folder of the whole collection, which stands beside the repository where it is developed. */
const SHARED = join(import.meta.dirname, '../../../shared/vectors')

export const VECTORS: readonly Vector[] = JSON.parse(readFileSync(join(import.meta.dirname, 'unixfs.json'), 'utf8'))

/** Whether the input can be made here: one of them is a file of the collection. */
export function isAvailable({ input }: Pick<Vector, 'input'>): boolean {
  return input.kind !== 'file' || existsSync(join(SHARED, input.path))
}

/** What `mode` and `mtime` of a vector or an input say. */
export function metadataOf({ mode, mtime }: VectorMetadata): Metadata {
  return {
    mode: mode === undefined ? undefined : Number.parseInt(mode, 8),
    mtime: mtime && { seconds: BigInt(mtime.seconds), nanoseconds: mtime.nanoseconds ?? 0 },
  }
}

export function sourceOf(input: VectorInput): ImportSource {
  const metadata = metadataOf(input)
  if (input.kind === 'symlink') return { kind: 'symlink', target: input.target, metadata }
  if (input.kind === 'dir' || input.kind === 'dir-series') {
    return {
      kind: 'directory',
      metadata,
      async *entries(): AsyncGenerator<NamedSource> {
        for (const entry of entriesOf(input)) yield { name: entry.name, source: sourceOf(entry.input) }
      },
    }
  }
  return {
    kind: 'file',
    metadata,
    async *content() {
      yield bytesOf(input)
    },
  }
}

/** Writes the input to `path`. */
export async function writeInput(input: VectorInput, path: string): Promise<void> {
  if (input.kind === 'symlink') {
    await symlink(input.target, path)
  } else if (input.kind === 'dir' || input.kind === 'dir-series') {
    await mkdir(path)
    for (const entry of entriesOf(input)) await writeInput(entry.input, join(path, entry.name))
  } else {
    await writeFile(path, bytesOf(input))
  }
}

interface Entry {
  readonly name: string
  readonly input: VectorInput
}

function* entriesOf(input: Extract<VectorInput, { kind: 'dir' | 'dir-series' }>): Generator<Entry> {
  if (input.kind === 'dir') {
    yield* input.entries
    return
  }
  for (let number = input.from; number <= input.to; number++) {
    const fill = (template: string) => template.replaceAll('{i}', String(number))
    yield { name: fill(input.name), input: { kind: 'bytes', text: fill(input.text) } as const }
  }
}

export function bytesOf(input: Exclude<VectorInput, { kind: 'dir' | 'dir-series' | 'symlink' }>): Uint8Array {
  switch (input.kind) {
    case 'bytes':
      return Buffer.from(input.text)
    case 'repeat':
      return Buffer.from(input.text.repeat(input.count))
    case 'zeros':
      return Buffer.alloc(input.size)
    case 'chacha20':
      return chacha20(input.seed, input.size)
    case 'file':
      return readFileSync(join(SHARED, input.path))
  }
}

/** Keystream of ChaCha20 with key SHA-256(seed), a zero nonce and the counter from 0. */
export function chacha20(seed: string, size: number): Uint8Array {
  const key = createHash('sha256').update(seed).digest()
  return createCipheriv('chacha20', key, Buffer.alloc(16)).update(Buffer.alloc(size))
}

// Files into blocks and out of them in memory, without a disk: what chunkers, layouts and profiles cost beside the hash.
import { hash } from 'node:crypto'
import {
  dropBlocks,
  importTree,
  PROFILES,
  readFile,
  verifyBlock,
  type BlockReader,
  type ImportEvent,
  type ImportSettings,
} from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { drain } from './content.ts'
import { randomPieces } from './random-bytes.ts'
import { compare, say, type Work } from './report.ts'

const MIB = 1024 * 1024

const SETTINGS: Readonly<Record<string, Partial<ImportSettings>>> = {
  'import, 256 KiB': { chunker: 'size-262144' },
  'import, unixfs-v0-2015': PROFILES['unixfs-v0-2015'],
  'import, trickle': { layout: 'trickle' },
  'import, rabin': { chunker: 'rabin' },
  'import, buzhash': { chunker: 'buzhash' },
  'import, fastcdc': { chunker: 'fastcdc' },
}

/** Prints the rows about a file of `sizeMib` MiB in memory. */
export async function benchUnixFS(sizeMib: number): Promise<void> {
  const amount = { count: (sizeMib * MIB) / 1e6, unit: 'MB' }
  // The same pieces over and over, more than a processor caches.
  const ring = [...randomPieces(Math.min(sizeMib, 64), MIB)]
  function* pieces() {
    for (let piece = 0; piece < sizeMib; piece++) yield* ring.slice(piece % ring.length, (piece % ring.length) + 1)
  }
  const sha256: Work = {
    name: 'sha256 in memory',
    async run() {
      for (const piece of pieces()) hash('sha256', piece, 'buffer')
    },
  }
  for (const [name, settings] of Object.entries(SETTINGS)) {
    await compare(amount, { name, run: () => drain(dropBlocks(importWith(pieces, settings))) }, sha256)
  }
  // As from a store that proves what it reads, but for the reading.
  const stored = new Map<string, Uint8Array>()
  let root: CID | undefined
  for await (const event of importWith(pieces, {})) {
    if (event.kind === 'block') stored.set(event.block.cid.toString(), event.block.bytes)
    if (event.kind === 'entry') root = event.cid
  }
  const reader: BlockReader = { get: async (cid) => verifyBlock(cid, stored.get(cid.toString()) ?? new Uint8Array(0)) }
  const read = async () => {
    if (root !== undefined) for await (const _ of readFile(reader, root));
  }
  await compare(amount, { name: 'read from memory, verified', run: read }, sha256)
  say('  peak RSS', `${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`)
}

function importWith(
  pieces: () => Iterable<Uint8Array>,
  settings: Partial<ImportSettings>,
): AsyncGenerator<ImportEvent> {
  const content = async function* () {
    yield* pieces()
  }
  const source = { kind: 'file', content } as const
  return importTree({ name: 'bench', source }, { ...PROFILES['unixfs-v1-2025'], ...settings })
}

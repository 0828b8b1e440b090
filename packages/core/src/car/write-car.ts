// Writes CARv1: header, then one section a block, in the order in which the blocks come. Source: ipld.io, CARv1.
import type { CID } from 'multiformats/cid'
import type { Block } from '../block/block.ts'
import { IDENTITY_CODE } from '../block/hash.ts'
import { CAR_PIECE_BYTES } from '../limits.ts'
import { encodeHeader } from './header.ts'
import { sectionPrefix } from './section.ts'
import { encodeVarint } from './varint.ts'

/**
 * The bytes of a CAR, in pieces that nobody changes. Identity blocks are left out: their CIDs hold them. The first piece
 * comes with the first block, so what fails before that fails without a byte.
 *
 * @throws whatever `blocks` throws
 */
export async function* writeCar(roots: readonly CID[], blocks: AsyncIterable<Block>): AsyncGenerator<Uint8Array> {
  const header = encodeHeader(roots)
  const pieces = new Pieces()
  pieces.add(encodeVarint(header.length))
  pieces.add(header)
  for await (const { cid, bytes } of blocks) {
    if (cid.multihash.code === IDENTITY_CODE) continue
    pieces.add(sectionPrefix(cid, bytes.length))
    pieces.add(bytes)
    if (pieces.bytes >= CAR_PIECE_BYTES) yield* pieces.take()
  }
  yield* pieces.take()
}

/** Joins what is small, so that tiny blocks do not cost a write each, and copies nothing that is large. */
class Pieces {
  #ready: Uint8Array[] = []
  #small: Uint8Array[] = []
  #smallBytes = 0
  /** Bytes since `take`. */
  bytes = 0

  add(bytes: Uint8Array): void {
    this.bytes += bytes.length
    if (bytes.length >= CAR_PIECE_BYTES / 2) {
      this.#join()
      this.#ready.push(bytes)
    } else {
      this.#small.push(bytes)
      this.#smallBytes += bytes.length
    }
  }

  take(): readonly Uint8Array[] {
    this.#join()
    const taken = this.#ready
    this.#ready = []
    this.bytes = 0
    return taken
  }

  #join(): void {
    if (this.#smallBytes === 0) return
    const joined = new Uint8Array(this.#smallBytes)
    let at = 0
    for (const bytes of this.#small) {
      joined.set(bytes, at)
      at += bytes.length
    }
    this.#ready.push(joined)
    this.#small = []
    this.#smallBytes = 0
  }
}

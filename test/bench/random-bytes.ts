// Bytes that do not compress, the same for the same seed, and no two pieces alike.
import { createCipheriv } from 'node:crypto'

/** `count` pieces of `pieceBytes`: AES-128-CTR over zeros, the seed as the key. */
export function* randomPieces(count: number, pieceBytes: number, seed = 0): Generator<Uint8Array> {
  const key = Buffer.alloc(16)
  key.writeUInt32BE(seed)
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16))
  const zeros = Buffer.alloc(pieceBytes)
  for (let piece = 0; piece < count; piece++) yield cipher.update(zeros)
}

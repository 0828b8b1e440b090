// Chunkers cut a stream of bytes of any piece size into the chunks that become leaves.
import { CairnError } from '../errors.ts'
import { CHUNK_BYTES_MAX } from '../limits.ts'
import { fixedSize } from './fixed-size.ts'

/** A stage from bytes to chunks: concat(chunks) = concat(pieces), no chunk is empty, no input gives no chunk. */
export type Chunker = (pieces: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array>

/**
 * The chunker that `text` names, in Kubo's notation: `size-N` with N bytes, 1 to 2,096,896.
 *
 * @throws INVALID for a size out of range, UNSUPPORTED for another form
 */
export function parseChunker(text: string): Chunker {
  const digits = /^size-(\d+)$/.exec(text)?.[1]
  if (digits === undefined) {
    throw new CairnError(
      'UNSUPPORTED',
      `Cannot use chunker "${text}": the accepted form is size-N, for example size-262144`,
    )
  }
  const chunkBytes = Number(digits)
  if (chunkBytes < 1 || chunkBytes > CHUNK_BYTES_MAX) {
    throw new CairnError('INVALID', `Cannot use chunker "${text}": the size must be 1 to ${CHUNK_BYTES_MAX} bytes`)
  }
  return fixedSize(chunkBytes)
}

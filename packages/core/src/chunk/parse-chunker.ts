// Chunkers by the names that Kubo gives them.
import { CairnError } from '../errors.ts'
import { CHUNK_BYTES_MAX } from '../limits.ts'
import type { Chunker } from './chunker.ts'
import { fixedSize } from './fixed-size.ts'

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

// A small file that a command takes whole.
import { CairnError, type NamedSource } from '@cairn/core'
import { concat } from 'uint8arrays/concat'
import { WHOLE_SOURCE_BYTES_MAX } from '../limits.ts'
import type { CommandInput } from '../command.ts'

/** The one file of the call, whole. @throws INVALID when there is none, LIMIT when it is too large to hold */
export async function readSource({ sources }: Pick<CommandInput, 'sources'>): Promise<Uint8Array> {
  for await (const { source } of sources as AsyncIterable<NamedSource> | Iterable<NamedSource>) {
    if (source.kind !== 'file') break
    const pieces: Uint8Array[] = []
    let bytes = 0
    for await (const piece of source.content()) {
      bytes += piece.length
      if (bytes > WHOLE_SOURCE_BYTES_MAX)
        throw new CairnError('LIMIT', `Cannot read more than ${WHOLE_SOURCE_BYTES_MAX} bytes at once`)
      pieces.push(piece)
    }
    return concat(pieces)
  }
  throw new CairnError('INVALID', 'Cannot read the input: it is no file')
}

// Arguments from standard input, one a line, as Kubo takes them: `cairn refs -r CID | cairn pin add`.
import { CairnError } from '@cairn/core'
import { PIPED_WORDS_BYTES_MAX } from '../limits.ts'

/**
 * The lines of `input` up to its end, without white space around them, and without empty ones.
 *
 * `signal` is what `input` ends early with.
 *
 * @throws LIMIT when there is more than PIPED_WORDS_BYTES_MAX, and the reason of `signal`
 */
export async function readPipedWords(
  input: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const piece of input) {
      pieces.push(piece)
      bytes += piece.length
      if (bytes > PIPED_WORDS_BYTES_MAX)
        throw new CairnError(
          'LIMIT',
          `Cannot take arguments of more than ${PIPED_WORDS_BYTES_MAX} bytes from standard input`,
        )
    }
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
  const lines = Buffer.concat(pieces).toString().split('\n')
  return lines.map((line) => line.trim()).filter((line) => line !== '')
}

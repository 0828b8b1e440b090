// Files as a zip archive, piece by piece.
import type { Zip } from 'fflate'

/** Bytes that are compressed in one go, so that the process does something else in between. */
const PIECE_BYTES = 64 * 1024

/** One file of an archive. */
export interface ArchivedFile {
  readonly name: string
  readonly text: string
}

/** The bytes of an archive of `files`, each of which is asked for when those before it are out. */
export async function* zipOf(files: AsyncIterable<ArchivedFile>): AsyncGenerator<Uint8Array> {
  const { Zip: Archive, ZipDeflate } = await import('fflate')
  const pieces: Uint8Array[] = []
  const archive: Zip = new Archive((error, piece) => {
    if (error !== null) throw error
    pieces.push(piece)
  })
  for await (const { name, text } of files) {
    const file = new ZipDeflate(name)
    archive.add(file)
    const bytes = new TextEncoder().encode(text)
    for (let start = 0; start === 0 || start < bytes.length; start += PIECE_BYTES) {
      file.push(bytes.subarray(start, start + PIECE_BYTES), start + PIECE_BYTES >= bytes.length)
      yield* pieces.splice(0)
    }
  }
  archive.end()
  yield* pieces.splice(0)
}

// The bytes of files and of standard input, as an import takes them.
// What takes microseconds is done synchronously: a file's beginning. Through Node's thread pool each such call takes ten
// times as long, and a tree of small files consists of little else. The rest of a large file is read in the pool, while
// what came before is hashed.
import { closeSync, constants, createReadStream, fstatSync, openSync, read, readSync } from 'node:fs'
import { addAbortSignal, type Readable } from 'node:stream'
import { promisify } from 'node:util'
import { systemError } from '@cairn/core'

/** Bytes that are read from a file at a time: a whole chunk of the default profile. */
const PIECE_BYTES = 1024 * 1024

/** Bytes of a file that is read at once, without a wait. */
const SMALL_FILE_BYTES = 64 * 1024

const readAsync = promisify(read)

/** The bytes of the file at `path`. @throws as `systemError`, and the signal's reason */
export async function* fileContent(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let file: number | undefined
  try {
    // Without waiting for a writer, should the path have become a pipe meanwhile.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const { size } = fstatSync(file)
    if (size > SMALL_FILE_BYTES) {
      yield* pieces(file, { size, signal })
      return
    }
    // One byte more than there is, so that the end shows in the same read. A file in /proc says that it has none.
    const piece = Buffer.allocUnsafeSlow(size + 1)
    const bytesRead = readSync(file, piece)
    if (bytesRead > 0) yield new Uint8Array(piece.buffer, 0, bytesRead)
    if (bytesRead === piece.length) yield* pieces(file, { size: Infinity, signal })
  } catch (cause) {
    throw systemError(`read ${path}`, cause)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** The rest of a file that is said to have `size` bytes more. The next piece is read while one is used. */
async function* pieces(
  file: number,
  { size, signal }: { readonly size: number; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  let left = size
  const readNext = (): Promise<Piece> => {
    // Less than nothing is left of a file that has grown.
    const piece = readPiece(file, left < 0 ? PIECE_BYTES : Math.min(PIECE_BYTES, left + 1))
    left -= PIECE_BYTES
    // A failure is told in its turn, which may come much later.
    piece.catch(() => undefined)
    return piece
  }
  let next = readNext()
  try {
    for (;;) {
      signal.throwIfAborted()
      const { bytes, isLast } = await next
      if (!isLast) next = readNext()
      if (bytes.length > 0) yield bytes
      if (isLast) return
    }
  } finally {
    // The file must not be closed under a read.
    await Promise.allSettled([next])
  }
}

/** Some bytes of a file, and whether it ends with them. */
interface Piece {
  readonly bytes: Uint8Array
  readonly isLast: boolean
}

async function readPiece(file: number, pieceBytes: number): Promise<Piece> {
  const piece = Buffer.allocUnsafeSlow(pieceBytes)
  let filled = 0
  while (filled < piece.length) {
    const { bytesRead } = await readAsync(file, piece, filled, piece.length - filled, null)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return { bytes: new Uint8Array(piece.buffer, 0, filled), isLast: filled < piece.length }
}

/** The bytes of standard input to its end. */
export async function* standardInput(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of addAbortSignal(signal, openStandardInput())) yield piece
  } catch (cause) {
    signal.throwIfAborted()
    throw systemError('read standard input', cause)
  }
}

/** Node's own stream waits for pipes and terminals, but takes files in small pieces, and a folder for nothing at all. */
function openStandardInput(): Readable {
  const stat = fstatSync(0)
  if (!stat.isFile() && !stat.isDirectory()) return process.stdin
  return createReadStream('', { fd: 0, autoClose: false, highWaterMark: PIECE_BYTES })
}

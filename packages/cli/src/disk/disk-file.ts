// One file of bytes onto the disk: it gets its name once it is whole and durable, so a failure leaves what was there.
import { open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CairnError, isCairnError, systemError } from '@cairn/core'
import { randomPartOf } from './part-file.ts'

/**
 * Writes `pieces` to the file at `path`, through a symbolic link if it is one; a device or pipe is written to as it is.
 * Calls `onProgress` with the bytes so far. `mode` is who may do what with a file that is new, as far as the umask lets it.
 *
 * @throws INVALID for a folder, LIMIT on a full disk, NOT_FOUND, DENIED, and whatever `pieces` throw
 */
export async function writeFile(
  pieces: AsyncIterable<Uint8Array>,
  path: string,
  { onProgress, mode }: WriteOptions,
): Promise<void> {
  const present = await stat(path).catch(() => undefined)
  if (present?.isDirectory() === true) throw new CairnError('INVALID', `Cannot write ${path}: it is a folder`)
  if (present !== undefined && !present.isFile()) {
    await fill(path, 'w', { pieces, onProgress, mode })
    return
  }
  const target = present === undefined ? resolve(path) : await realpath(path)
  const part = randomPartOf(target)
  try {
    await fill(part, 'wx', { pieces, onProgress, mode })
    await rename(part, target)
  } catch (cause) {
    await rm(part, { force: true })
    throw isCairnError(cause) ? cause : systemError(`write ${path}`, cause)
  }
}

interface WriteOptions {
  readonly onProgress: (bytes: number) => void
  readonly mode: number
}

interface Content extends WriteOptions {
  readonly pieces: AsyncIterable<Uint8Array>
}

async function fill(path: string, flags: 'w' | 'wx', { pieces, onProgress, mode }: Content): Promise<void> {
  let file: FileHandle | undefined
  try {
    file = await open(path, flags, mode)
    let bytes = 0
    for await (const piece of pieces) {
      await file.writeFile(piece)
      bytes += piece.length
      onProgress(bytes)
    }
    if (flags === 'wx') await file.sync()
  } catch (cause) {
    throw systemError(`write ${path}`, cause)
  } finally {
    await file?.close()
  }
}

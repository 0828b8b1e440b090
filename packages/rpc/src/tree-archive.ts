// A tree as one stream of bytes: a tar archive, gzip, or both. The same tree gives the same bytes: what carries no time gets
// that of 1970, and nobody owns anything.
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { CairnError, TreeNames, type TreeBytes, type TreeItem } from '@cairn/core'
import type { TarPackController } from 'modern-tar'

/** Permissions of what carries none. */
const MODES = { directory: 0o755, file: 0o644, symlink: 0o777 } as const

/** The last second that eleven octal digits hold, in the year 2242. Source: POSIX, ustar. */
const USTAR_SECONDS_MAX = 0o77777777777

/**
 * A tar archive of `items`, in the order of `readTree`, below the name `name`.
 *
 * @throws INVALID for a name that would leave its directory, and whatever `items` throw
 */
export async function* tarOf(
  items: AsyncIterable<TreeItem | TreeBytes>,
  name: string,
): AsyncGenerator<Uint8Array, void, void> {
  const { createTarPacker } = await import('modern-tar')
  const { readable, controller } = createTarPacker()
  const packing = pack(items, name, controller).catch((error: unknown) => controller.error(error))
  try {
    for await (const bytes of readable) yield bytes
  } finally {
    // Ended by the consumer or not: cancelled by the loop, the packer takes no more.
    await packing
  }
}

/**
 * The bytes of the one file that `items` are.
 *
 * @throws INVALID when they are anything else, and whatever `items` throw
 */
export async function* fileOf(items: AsyncIterable<TreeItem | TreeBytes>): AsyncGenerator<Uint8Array, void, void> {
  for await (const item of items) {
    if (item.kind === 'bytes') yield item.bytes
    else if (item.kind !== 'file')
      throw new CairnError(
        'INVALID',
        `Cannot compress ${item.cid} by itself: it is a ${item.kind}, which needs an archive`,
      )
  }
}

/** `pieces` compressed by gzip; `level` is 1, fast, to 9, small. */
export async function* gzipOf(
  pieces: AsyncIterable<Uint8Array>,
  level?: number,
): AsyncGenerator<Uint8Array, void, void> {
  const { createGzip } = await import('node:zlib')
  const gzip = createGzip({ level })
  const source = Readable.from(pieces, { objectMode: true, highWaterMark: 1 })
  const compressing = pipeline(source, gzip)
  // Told by the loop below.
  compressing.catch(() => undefined)
  try {
    for await (const bytes of gzip) yield bytes
  } finally {
    source.destroy()
    gzip.destroy()
    await compressing.catch(() => undefined)
  }
}

async function pack(
  items: AsyncIterable<TreeItem | TreeBytes>,
  name: string,
  packer: TarPackController,
): Promise<void> {
  const names = new TreeNames()
  let body: WritableStreamDefaultWriter<Uint8Array> | undefined
  try {
    for await (const item of items) {
      if (item.kind === 'bytes') {
        await body?.write(item.bytes)
        continue
      }
      await body?.close()
      body = undefined
      names.check(item)
      body = packer.add(headerOf(item, name)).getWriter()
    }
    await body?.close()
    packer.finalize()
  } catch (error) {
    await body?.abort(error).catch(() => undefined)
    throw error
  }
}

function headerOf(item: TreeItem, root: string): Parameters<TarPackController['add']>[0] {
  const { kind, path, mode = MODES[kind], mtime } = item
  const seconds = Math.min(Math.max(0, Number(mtime?.seconds ?? 0n)), Number.MAX_SAFE_INTEGER)
  return {
    name: `${root}${path}${kind === 'directory' ? '/' : ''}`,
    type: kind,
    size: kind === 'file' ? item.size : 0,
    mode,
    mtime: new Date(Math.min(seconds, USTAR_SECONDS_MAX) * 1000),
    ...(seconds > USTAR_SECONDS_MAX && { pax: { mtime: String(seconds) } }),
    ...(kind === 'symlink' && { linkname: item.target }),
  }
}

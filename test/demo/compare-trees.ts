// Whether two folders hold the same: names, kinds, targets of links, and every byte.
import { lstat, open, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'

const PIECE_BYTES = 1024 * 1024

/** Files and bytes that were compared. */
export interface Compared {
  files: number
  bytes: number
}

/** Compares two folders or files. @throws Error that names the first difference */
export async function compareTrees(
  one: string,
  two: string,
  compared: Compared = { files: 0, bytes: 0 },
): Promise<Compared> {
  const [first, second] = await Promise.all([lstat(one), lstat(two)])
  const kind = (stat: typeof first) => (stat.isDirectory() ? 'folder' : stat.isSymbolicLink() ? 'link' : 'file')
  if (kind(first) !== kind(second)) throw new Error(`${one} is a ${kind(first)}, ${two} is a ${kind(second)}`)
  if (first.isDirectory()) {
    const [names, others] = await Promise.all([readdir(one), readdir(two)])
    if (names.toSorted().join('\0') !== others.toSorted().join('\0'))
      throw new Error(`${one} and ${two} have different entries`)
    for (const name of names) await compareTrees(join(one, name), join(two, name), compared)
  } else if (first.isSymbolicLink()) {
    if ((await readlink(one)) !== (await readlink(two))) throw new Error(`${one} and ${two} lead to different places`)
  } else {
    compared.bytes += await compareFiles(one, two)
    compared.files++
  }
  return compared
}

async function compareFiles(one: string, two: string): Promise<number> {
  await using first = await open(one)
  await using second = await open(two)
  // Of a small file no whole piece: clearing it took longer than reading the file.
  const pieceBytes = Math.min(PIECE_BYTES, (await first.stat()).size + 1)
  const [left, right] = [Buffer.alloc(pieceBytes), Buffer.alloc(pieceBytes)]
  for (let position = 0; ;) {
    const [a, b] = await Promise.all([
      first.read(left, 0, pieceBytes, position),
      second.read(right, 0, pieceBytes, position),
    ])
    if (a.bytesRead !== b.bytesRead || !left.subarray(0, a.bytesRead).equals(right.subarray(0, b.bytesRead))) {
      throw new Error(`${one} and ${two} differ after byte ${position}`)
    }
    if (a.bytesRead === 0) return position
    position += a.bytesRead
  }
}

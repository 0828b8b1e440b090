// Paths like /ipfs/CID/a/b to the node that they name.
import type { CID } from 'multiformats/cid'
import { parseCid } from '../block/cid.ts'
import { CairnError } from '../errors.ts'
import type { AbortOptions, BlockReader } from '../interfaces.ts'
import { PATH_BYTES_MAX } from '../limits.ts'
import { findEntry } from '../directory/directory-listing.ts'

/** A path taken apart: the root and the names below it. */
export interface ContentPath {
  readonly root: CID
  readonly names: readonly string[]
}

/**
 * Reads `CID`, `CID/a/b`, `/ipfs/CID/a/b` or `ipfs://CID/a/b`. `.` and `..` are resolved before any look-up.
 *
 * @throws INVALID when it is none of these or leads above its root, UNSUPPORTED for a name (IPNS), LIMIT when it is too
 * long, else as `parseCid`
 */
export function parsePath(text: string): ContentPath {
  if (Buffer.byteLength(text) > PATH_BYTES_MAX) {
    throw new CairnError('LIMIT', `Cannot use a path of more than ${PATH_BYTES_MAX} bytes`)
  }
  if (/^(\/ipns\/|ipns:\/\/)/.test(text)) {
    throw new CairnError('UNSUPPORTED', `Cannot use path "${text}": names (IPNS) are not supported, only CIDs`)
  }
  const [root = '', ...parts] = text.replace(/^(\/ipfs\/|ipfs:\/\/)/, '').split('/')
  const names: string[] = []
  for (const part of parts) {
    if (part === '' || part === '.') continue
    if (part !== '..') names.push(part)
    else if (names.pop() === undefined)
      throw new CairnError('INVALID', `Cannot use path "${text}": it leads above its root`)
  }
  return { root: parseCid(root), names }
}

/**
 * The CID at the end of a path, found through the directories on the way.
 *
 * @throws NOT_FOUND for a name that its directory lacks, INVALID when the path goes on below a file, else as `parsePath`
 * and `findEntry`
 */
export async function resolvePath(reader: BlockReader, text: string, options: AbortOptions = {}): Promise<CID> {
  const { root, names } = parsePath(text)
  let cid = root
  for (const name of names) {
    const entry = await findEntry(reader, { directory: cid, name }, options)
    if (entry === undefined) throw new CairnError('NOT_FOUND', `Cannot find "${name}" in ${cid}`, { cid })
    cid = entry.cid
  }
  return cid
}

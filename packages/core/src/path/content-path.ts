// Paths like /ipfs/CID/a/b as they are written, before anything is looked up.
import type { CID } from 'multiformats/cid'
import { parseCid } from '../block/cid.ts'
import { CairnError } from '../errors.ts'
import { PATH_BYTES_MAX } from '../limits.ts'

/** A path taken apart: the root and the names below it. */
export interface ContentPath {
  readonly root: CID
  readonly names: readonly string[]
  /**
   * How dag-pb is read: `ipfs`, where names are those of directory entries and links, or `ipld`, where they are the fields
   * of its logical form (`Links/0/Hash`).
   */
  readonly namespace: 'ipfs' | 'ipld'
}

/**
 * Reads `CID`, `CID/a/b`, `/ipfs/CID/a/b`, `ipfs://CID/a/b`, `/ipld/CID/a/b`, and URLs of gateways: `http://host/ipfs/CID/a/b` and
 * `http://CID.ipfs.host/a/b`. `.` and `..` are resolved before any look-up. In URLs `%20` is a space, and a query counts for nothing.
 *
 * @throws INVALID when it is none of these or leads above its root, UNSUPPORTED for a name (IPNS), LIMIT when it is too
 * long, else as `parseCid`
 */
export function parsePath(text: string): ContentPath {
  if (Buffer.byteLength(text) > PATH_BYTES_MAX) {
    throw new CairnError('LIMIT', `Cannot use a path of more than ${PATH_BYTES_MAX} bytes`)
  }
  const path = pathOfUrl(text) ?? text
  if (/^(\/ipns\/|ipns:\/\/)/.test(path)) {
    throw new CairnError('UNSUPPORTED', `Cannot use path "${text}": names (IPNS) are not supported, only CIDs`)
  }
  const namespace = /^(\/ipld\/|ipld:\/\/)/.test(path) ? 'ipld' : 'ipfs'
  const [root = '', ...parts] = path.replace(/^(\/ip[fl][sd]\/|ip[fl][sd]:\/\/)/, '').split('/')
  const names: string[] = []
  for (const part of parts) {
    if (part === '' || part === '.') continue
    if (part !== '..') names.push(part)
    else if (names.pop() === undefined)
      throw new CairnError('INVALID', `Cannot use path "${text}": it leads above its root`)
  }
  return { root: parseCid(root), names, namespace }
}

/**
 * The path that the URL of a gateway leads to, `undefined` for what is no URL of HTTP.
 * Source: the path gateway and subdomain gateway specifications of IPFS.
 */
function pathOfUrl(text: string): string | undefined {
  const [, host, path = ''] = /^https?:\/\/([^/?#]*)([^?#]*)/i.exec(text) ?? []
  if (host === undefined) return undefined
  const [, name, namespace] = /^([^.@:]+)\.(ipfs|ipns|ipld)\./i.exec(host) ?? []
  const isPath = /^\/(ipfs|ipns|ipld)\/./.test(path)
  if (name === undefined && !isPath)
    throw new CairnError(
      'INVALID',
      `Cannot use URL "${text}": it has neither /ipfs/CID nor a host such as CID.ipfs.example`,
    )
  const decoded = path.split('/').map(decodedName).join('/')
  return name === undefined ? decoded : `/${namespace?.toLowerCase()}/${name}${decoded}`
}

/** A name of a URL as it was meant; one with a `%` that stands for itself stays. */
function decodedName(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

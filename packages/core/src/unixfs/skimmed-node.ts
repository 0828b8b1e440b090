// A UnixFS node of which only the message is decoded: for those who want one of its links, or none.
import type { CID } from 'multiformats/cid'
import type { Block } from '../block/block.ts'
import { DAG_PB_CODE } from '../block/codec.ts'
import { CairnError } from '../errors.ts'
import { pbParts, type PbLinkPlace } from '../ipld/dag-pb.ts'
import { decodeUnixFS, decodeUnixFSData, type UnixFSData } from './unixfs-node.ts'

/** A node whose message is decoded, and whose links are places in its bytes. */
export interface SkimmedNode {
  readonly cid: CID
  readonly data: UnixFSData
  readonly bytes: Uint8Array
  readonly links: readonly PbLinkPlace[]
}

/**
 * Like `decodeUnixFS`, but that links hold CIDs and that a file agrees with them is not looked at.
 *
 * @throws UNSUPPORTED for another codec than dag-pb and raw, INVALID when the bytes do not decode
 */
export function skimUnixFS(block: Block): SkimmedNode {
  const { cid, bytes } = block
  // Nothing else has links.
  if (cid.code !== DAG_PB_CODE) return { cid, data: decodeUnixFS(block).data, bytes, links: [] }
  try {
    const links: PbLinkPlace[] = []
    let data: UnixFSData | undefined
    for (const part of pbParts(bytes)) {
      if ('link' in part) links.push(part.link)
      else data = decodeUnixFSData(part.data)
    }
    if (data === undefined) throw new CairnError('INVALID', 'the node has no Data field')
    return { cid, data, bytes, links }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CairnError('INVALID', `Cannot read ${cid} as UnixFS: ${reason}`, { cause, cid })
  }
}

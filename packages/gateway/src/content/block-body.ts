// A block, or a part of it, as a body. A large one is read again when its client takes it, instead of being kept until then.
import type { CID } from 'multiformats/cid'
import { PIECE_BYTES } from '../limits.ts'
import type { PartRange } from '../request/conditions.ts'
import type { GatewayBody } from './answer.ts'
import type { ContentCall } from './call.ts'

/** A part of the block `cid`, of whose bytes nothing is kept unless it is small. */
export function blockBody(
  { reader, signal }: ContentCall,
  cid: CID,
  { bytes, start, end }: PartRange & { readonly bytes: Uint8Array },
): GatewayBody {
  // A view of a large block would keep all of it.
  if (end - start <= PIECE_BYTES)
    return bytes.length > PIECE_BYTES ? bytes.slice(start, end) : bytes.subarray(start, end)
  return {
    size: end - start,
    async *bytesFrom(at) {
      const block = await reader.get(cid, { signal })
      yield block.bytes.subarray(start + at, end)
    },
  }
}

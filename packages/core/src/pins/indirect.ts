// What pins keep beyond their own CIDs, answered from the listings of what is below them.
import type { CID } from 'multiformats/cid'
import { blockKey } from '../block/cid.ts'
import { nodeKey } from '../dag/walk.ts'
import type { AbortOptions } from '../interfaces.ts'
import { LISTED_CIDS_PER_PASS } from '../limits.ts'
import type { KeyedPin, Listings } from './listings.ts'
import { mayHoldDigest, packedBlockKey, packedCid, packedCids, packedNodeKey } from './packed-cids.ts'
import type { Pin } from './pin-record.ts'

/** What is asked: all pins, each time anew, and the listings of what is below them. */
export interface IndirectParts {
  readonly list: () => AsyncIterable<KeyedPin>
  readonly listings: Listings
  /** What of a pin counts for who asks. */
  readonly seen: (pin: Pin) => Pin | undefined
}

/**
 * For each of `cids` a pin that keeps its block without being a pin of that very CID: one that reaches it, or one of the
 * same bytes under another codec. One pass for all of them, which ends when the last one is found.
 *
 * @throws as `Listings.pieces`
 */
export async function findKeepers(
  { list, listings, seen }: IndirectParts,
  cids: readonly CID[],
  options: AbortOptions = {},
): Promise<(Pin | undefined)[]> {
  const keepers = new Map<string, Pin>()
  const wanted = new Map(cids.map((cid) => [blockKey(cid), cid.multihash.digest]))
  const [digest] = wanted.size === 1 ? wanted.values() : []

  function found(key: string, pin: Pin): void {
    const own = seen(pin)
    if (own !== undefined && wanted.delete(key)) keepers.set(key, own)
  }

  async function* noting(): AsyncGenerator<KeyedPin | undefined> {
    for await (const keyed of list()) {
      found(blockKey(keyed[1].cid), keyed[1])
      yield wanted.size === 0 ? undefined : keyed
    }
  }

  for await (const { pin, packed } of wanted.size === 0 ? [] : listings.pieces(noting(), options)) {
    if (seen(pin) === undefined || (digest !== undefined && !mayHoldDigest(packed, digest))) continue
    for (const place of packedCids(packed)) found(packedBlockKey(packed, place), pin)
    if (wanted.size === 0) break
  }
  return cids.map((cid) => keepers.get(blockKey(cid)))
}

/**
 * CIDs below recursive pins that have no pin of their own, each once. Memory is bounded by looking at a share of all CIDs
 * in each of several passes.
 *
 * @throws as `Listings.pieces`
 */
export async function* listIndirect(
  { list, listings, seen: isSeen }: IndirectParts,
  options: AbortOptions = {},
): AsyncGenerator<CID> {
  const passes = Math.ceil((await countListed(listings.pieces(list(), options))) / LISTED_CIDS_PER_PASS)
  for (let pass = 0; pass < passes; pass++) {
    const seen = new Set<string>()
    async function* noting(): AsyncGenerator<KeyedPin> {
      for await (const [, pin] of list()) {
        const { bytes } = pin.cid
        if (isSeen(pin) !== undefined && shareOf(bytes, bytes.length, passes) === pass) seen.add(nodeKey(pin.cid))
      }
      yield* list()
    }
    for await (const { pin, packed } of listings.pieces(noting(), options)) {
      if (isSeen(pin) === undefined) continue
      for (const place of packedCids(packed)) {
        if (shareOf(packed, place.end, passes) !== pass) continue
        const key = packedNodeKey(packed, place)
        if (seen.has(key)) continue
        seen.add(key)
        yield packedCid(packed, place)
      }
    }
  }
}

async function countListed(pieces: AsyncIterable<{ readonly packed: Uint8Array }>): Promise<number> {
  let count = 0
  for await (const { packed } of pieces) for (const _ of packedCids(packed)) count++
  return count
}

/** Which of `shares` parts a CID is in, from the last bytes of its digest, which are as good as random. */
function shareOf(bytes: Uint8Array, end: number, shares: number): number {
  return (((bytes[end - 3] ?? 0) << 16) | ((bytes[end - 2] ?? 0) << 8) | (bytes[end - 1] ?? 0)) % shares
}

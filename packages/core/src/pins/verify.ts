// Reads everything that recursive pins keep, and says what is missing or damaged. Goes on after what is bad.
import type { CID } from 'multiformats/cid'
import { SeenBlocks } from '../dag/seen-blocks.ts'
import { walk } from '../dag/walk.ts'
import { isCairnError, type CairnError } from '../errors.ts'
import type { AbortOptions, BlockReader } from '../interfaces.ts'
import { VERIFIED_BLOCKS_PER_EVENT, VERIFIED_NODES_MAX } from '../limits.ts'
import type { Pin } from './pin-record.ts'
import type { PinProgress, Pins } from './pins.ts'

/** A block that cannot be read; a pin that has been gone through; what has been read in all so far. */
export type VerifyEvent =
  | { readonly kind: 'bad'; readonly pin: Pin; readonly cid: CID; readonly error: CairnError }
  | { readonly kind: 'pin'; readonly pin: Pin; readonly isWhole: boolean }
  | ({ readonly kind: 'progress' } & PinProgress)

/** What a verification works on, and what it tells. */
export interface VerifyParts {
  readonly pins: Pins
  /** Reads what is stored here, proves it against its hash, and never fetches. */
  readonly local: BlockReader
}

/**
 * Reads every block below every recursive pin; bad blocks of a pin come before the pin. What lies below a block that
 * cannot be read is not known and not looked for. Nothing bad is said of a pin that is removed meanwhile. What a whole pin has is not read again for the next one, as far as
 * memory goes.
 *
 * @throws UNAVAILABLE and the like, when it is not the blocks that fail
 */
export async function* verifyPins(
  { pins, local }: VerifyParts,
  { signal }: AbortOptions = {},
): AsyncGenerator<VerifyEvent> {
  let whole = new SeenBlocks()
  let [blocks, bytes] = [0, 0]
  for await (const pin of pins.list()) {
    if (pin.type !== 'recursive') continue
    const bad: VerifyEvent[] = []
    let isWhole = true
    const onUnreadable = (cid: CID, error: CairnError): void => void bad.push({ kind: 'bad', pin, cid, error })
    try {
      for await (const found of walk(local, pin.cid, { seen: whole, onUnreadable, signal })) {
        bytes += found.bytes ?? 0
        if (++blocks % VERIFIED_BLOCKS_PER_EVENT === 0) yield { kind: 'progress', blocks, bytes }
        if (bad.length === 0) continue
        isWhole = false
        // Then a collection may take its blocks, and rightly.
        if ((await pins.get(pin.cid)) === undefined) break
        yield* bad.splice(0)
      }
    } catch (error) {
      // A DAG whose open nodes are too large together is as good as unreadable, and no reason to leave the other pins out.
      if (!isCairnError(error, 'LIMIT')) throw error
      onUnreadable(pin.cid, error)
    }
    if (bad.length > 0) isWhole = false
    if (isWhole || (await pins.get(pin.cid)) !== undefined) {
      yield* bad
      yield { kind: 'pin', pin, isWhole }
    }
    if (!isWhole || whole.nodes > VERIFIED_NODES_MAX) whole = new SeenBlocks()
  }
}

// What changes of pins read and write: the record of a pin and, with it, what is derived from it.
import type { CID } from 'multiformats/cid'
import { CairnError } from '../errors.ts'
import type { KeyValueChange } from '../interfaces.ts'
import type { ReadRecord } from './change-queue.ts'
import { headKey, listingRemoval, rootText } from './listing.ts'
import { decodePin, nameIn, pinChange, pinIn, pinKey, withNames, type Pin, type PinType } from './pin-record.ts'
import { readablePin } from './stored-pins.ts'

/** A pin to record. */
export interface NewPin {
  readonly cid: CID
  readonly type?: PinType
  readonly name?: string
}

/** The pin of `cid` in all namespaces. @throws CORRUPT when its record does not decode */
export async function readPin(read: ReadRecord, cid: CID): Promise<Pin | undefined> {
  const record = await read(pinKey(cid))
  return record === undefined ? undefined : decodePin(pinKey(cid), record)
}

/** Whether there is a record of a pin of `cid` that does not decode. */
export async function isUnreadable(read: ReadRecord, cid: CID): Promise<boolean> {
  const record = await read(pinKey(cid))
  return record !== undefined && readablePin(pinKey(cid), record) === undefined
}

/**
 * What records one more name of a pin, or a new pin. A recursive pin also takes the place of a record that does not decode.
 *
 * @throws CONFLICT for a direct pin beside a recursive one
 */
export async function recorded(
  read: ReadRecord,
  { cid, type, name }: Required<NewPin>,
  namespace: string,
): Promise<KeyValueChange> {
  const unread = type === 'recursive' && (await isUnreadable(read, cid))
  const present = unread ? undefined : await readPin(read, cid)
  if (present === undefined) return pinChange({ cid, type, names: [nameIn(namespace, name)] })
  const named = withNames(present, [name], namespace)
  if (type === 'recursive' || present.type === 'direct') return pinChange({ ...named, cid, type })
  // Whose it is not must not learn of it, and what they want is kept.
  if (pinIn(namespace, present) === undefined) return pinChange(named)
  throw new CairnError('CONFLICT', `Cannot pin ${cid} directly: it is pinned recursively`, { cid })
}

/** Keys of the pin of `cid` and of what is derived from it, both of which most changes read. */
export function recordKeys(cid: CID): readonly string[] {
  return [pinKey(cid), headKey(rootText(cid))]
}

/** What removes the pin of `cid` and all that is derived from it. */
export async function removal(read: ReadRecord, cid: CID): Promise<KeyValueChange[]> {
  return [{ key: pinKey(cid), value: undefined }, ...(await listingRemoval(rootText(cid), read))]
}

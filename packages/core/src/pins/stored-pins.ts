// The records of all pins, as they are stored: those that decode, and those that do not. A record that does not decode
// keeps nothing from being listed, but whoever needs all pins is told at the end, and a collection is one of them.
import { isCairnError } from '../errors.ts'
import type { KeyValueStore } from '../interfaces.ts'
import { PIN_CHANGES_PER_COMMIT } from '../limits.ts'
import type { ChangeQueue } from './change-queue.ts'
import type { KeyedPin } from './listings.ts'
import { decodePin, PIN_PREFIX, unreadablePins, type Pin } from './pin-record.ts'

/** All pins in the order of their keys. @throws CORRUPT, after the last one, when there are records that do not decode */
export async function* listPins(records: KeyValueStore): AsyncGenerator<KeyedPin> {
  const unreadable: string[] = []
  for await (const [key, record] of records.list(PIN_PREFIX)) {
    const pin = readablePin(key, record)
    if (pin === undefined) unreadable.push(key)
    else yield [key, pin]
  }
  if (unreadable.length > 0) throw unreadablePins(unreadable)
}

/** Deletes the records of pins that do not decode, durably, and gives their keys. */
export async function dropUnreadable(records: KeyValueStore, changes: ChangeQueue): Promise<readonly string[]> {
  const unreadable: string[] = []
  for await (const [key, record] of records.list(PIN_PREFIX))
    if (readablePin(key, record) === undefined) unreadable.push(key)
  const dropped: string[] = []
  for (let start = 0; start < unreadable.length; start += PIN_CHANGES_PER_COMMIT) {
    const keys = unreadable.slice(start, start + PIN_CHANGES_PER_COMMIT)
    await changes.change(async (read) => {
      const found = await Promise.all(keys.map(async (key) => ({ key, record: await read(key) })))
      // One that was pinned again meanwhile decodes.
      const gone = found.filter(({ key, record }) => record !== undefined && readablePin(key, record) === undefined)
      dropped.push(...gone.map(({ key }) => key))
      return gone.map(({ key }) => ({ key, value: undefined }))
    }, keys)
  }
  return dropped
}

/** The pin, or `undefined` when its record does not decode. */
export function readablePin(key: string, record: Uint8Array): Pin | undefined {
  try {
    return decodePin(key, record)
  } catch (error) {
    if (isCairnError(error, 'CORRUPT')) return undefined
    throw error
  }
}

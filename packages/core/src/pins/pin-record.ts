// The record of a pin: key and bytes. Format: docs/formats/pins.md.
import { decode, encode } from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { formatCid } from '../block/cid.ts'
import { CairnError } from '../errors.ts'
import { PIN_NAME_BYTES_MAX, PIN_NAMES_MAX } from '../limits.ts'
import type { KeyValueChange } from '../interfaces.ts'

/** `recursive` keeps the whole DAG below a root, `direct` only the block itself. */
export type PinType = 'recursive' | 'direct'

/** One pin. */
export interface Pin {
  /** With the version and codec that it was pinned by. */
  readonly cid: CID
  readonly type: PinType
  /** At least one, sorted, each once. The empty name stands for a pin that was added without one. */
  readonly names: readonly string[]
}

/** Keys of pins begin with this. */
export const PIN_PREFIX = 'pin/'

/** Key of a pin: CIDv1 in base32, so that v0 and v1 of a CID are one pin. */
export function pinKey(cid: CID): string {
  return PIN_PREFIX + formatCid(cid.version === 1 ? cid : cid.toV1())
}

/** The change that records `pin`: `{ cid, type }` as long as it has no name, else `{ cid, type, names }`, in dag-cbor. */
export function pinChange({ cid, type, names }: Pin): KeyValueChange {
  const isUnnamed = names.length === 1 && names[0] === ''
  return { key: pinKey(cid), value: encode(isUnnamed ? { cid, type } : { cid, type, names }) }
}

/** What divides a name from the namespace before it; no name begins with it. */
const DIVIDER = '\u0000'

/** A name as it stands in the record: names of the namespace `""`, which is that of the owner of the repo, as they are. */
export function nameIn(namespace: string, name: string): string {
  return prefixOf(namespace) + name
}

/** `pin` as those see it who work in `namespace`: with their names alone, `undefined` where it has none of them. */
export function pinIn(namespace: string, pin: Pin): Pin | undefined {
  const names = pin.names.flatMap((name) => {
    const isOwn = namespace === '' ? !name.startsWith(DIVIDER) : name.startsWith(prefixOf(namespace))
    return isOwn ? [name.slice(prefixOf(namespace).length)] : []
  })
  return names.length === 0 ? undefined : { ...pin, names }
}

/** `pin` without what those see of it who work in `namespace`, `undefined` where nothing is left. */
export function withoutNamespace(namespace: string, pin: Pin): Pin | undefined {
  const own = new Set(pinIn(namespace, pin)?.names.map((name) => nameIn(namespace, name)))
  const names = pin.names.filter((name) => !own.has(name))
  return names.length === 0 ? undefined : { ...pin, names }
}

/** The pin that has `added`, names of `namespace`, beside what it had. @throws LIMIT for too many names in there */
export function withNames(pin: Pin, added: readonly string[], namespace: string): Pin {
  const names = [...new Set([...pin.names, ...added.map((name) => nameIn(namespace, name))])].toSorted()
  if ((pinIn(namespace, { ...pin, names })?.names.length ?? 0) > PIN_NAMES_MAX)
    throw new CairnError('LIMIT', `Cannot name the pin of ${pin.cid}: it has ${PIN_NAMES_MAX} names`, { cid: pin.cid })
  return { ...pin, names }
}

function prefixOf(namespace: string): string {
  return namespace === '' ? '' : DIVIDER + namespace + DIVIDER
}

/** @throws INVALID for a name that is too long or not well-formed Unicode */
export function checkPinName(name: string): void {
  if (!name.isWellFormed()) throw new CairnError('INVALID', 'Cannot name a pin: the name is not well-formed Unicode')
  if (name.startsWith(DIVIDER)) throw new CairnError('INVALID', 'Cannot name a pin: the name begins with U+0000')
  const bytes = Buffer.byteLength(name)
  if (bytes > PIN_NAME_BYTES_MAX)
    throw new CairnError(
      'INVALID',
      `Cannot name a pin: the name has ${bytes} bytes, at most ${PIN_NAME_BYTES_MAX} are allowed`,
    )
}

/** The pin in the record under `key`. @throws CORRUPT, with what can be done about it */
export function decodePin(key: string, record: Uint8Array): Pin {
  let cause: unknown
  try {
    const { cid, type, names } = decode<{ readonly cid: unknown; readonly type: unknown; readonly names?: unknown }>(
      record,
    )
    const link = CID.asCID(cid)
    if (link !== null && (type === 'recursive' || type === 'direct') && (names === undefined || areNames(names)))
      return { cid: link, type, names: names ?? [''] }
  } catch (error) {
    cause = error
  }
  throw unreadablePins([key], cause)
}

/** What is said of pins whose records, under `keys`, do not decode. */
export function unreadablePins(keys: readonly string[], cause?: unknown): CairnError {
  const [key = ''] = keys
  const cid = key.slice(PIN_PREFIX.length)
  const more = keys.length > 1 ? ` and ${keys.length - 1} more` : ''
  return new CairnError(
    'CORRUPT',
    `Cannot read the pin record "${key}"${more}: it does not decode. Pin it again with "cairn pin add ${cid}" or drop it with ` +
      `"cairn pin rm ${cid}"; "cairn repo verify --accept-lost-pins" drops all that do not decode`,
    { cause },
  )
}

function areNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string')
}

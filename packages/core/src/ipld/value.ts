// Values of the IPLD data model, told apart exactly. Plain JavaScript cannot: 1.0 and 1 are one value there, −0 and 0 print
// alike, objects move keys that are numbers to the front and lend `__proto__` a meaning.
import { CID } from 'multiformats/cid'
import { CairnError } from '../errors.ts'
import { IPLD_DEPTH_MAX, IPLD_ITEMS_MAX } from '../limits.ts'

/** Any value. A `number` is an integer up to 2^53 − 1, a `bigint` one beyond that. */
export type IpldValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | CID
  | IpldFloat
  | readonly IpldValue[]
  | IpldMap

/** A map with its keys in the order in which they stand in the bytes. */
export type IpldMap = ReadonlyMap<string, IpldValue>

/** A number that is a float whatever its value: 1.0 stays apart from 1. */
export class IpldFloat {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

/** The smallest and largest integer that the codecs can hold: −2^64 and 2^64 − 1. */
export const INTEGER_MIN = -(2n ** 64n)
export const INTEGER_MAX = 2n ** 64n - 1n

/** Whether a value is a list. */
export function isList(value: IpldValue): value is readonly IpldValue[] {
  return Array.isArray(value)
}

/** Whether a value is a map. */
export function isMap(value: IpldValue | undefined): value is IpldMap {
  return value instanceof Map
}

/** Whether a value is a link. A forged one cannot be: what codecs decode are the classes of this file and real CIDs. */
export function isLink(value: IpldValue): value is CID {
  return value instanceof CID
}

/** An integer in its form: a `number` where it is exact. */
export function integerOf(value: bigint): number | bigint {
  const small = Number(value)
  return Number.isSafeInteger(small) ? small : value
}

/** Counts what a value is made of while it is decoded, so that small input cannot ask for large memory. */
export class ValueBudget {
  #items = 0

  /** One more list, map, byte string or link. @throws LIMIT */
  take(): void {
    if (++this.#items > IPLD_ITEMS_MAX) {
      throw new CairnError(
        'LIMIT',
        `Cannot decode a value of more than ${IPLD_ITEMS_MAX} lists, maps, byte strings and links`,
      )
    }
  }
}

/** Passes while a list or map may be opened `depth` levels down. @throws LIMIT */
export function checkDepth(depth: number): void {
  if (depth >= IPLD_DEPTH_MAX) {
    throw new CairnError('LIMIT', `Cannot decode a value that is nested more than ${IPLD_DEPTH_MAX} levels deep`)
  }
}

/** The string that UTF-8 bytes stand for; what is not UTF-8 becomes U+FFFD unless that is refused. @throws INVALID */
export function decodeText(bytes: Uint8Array, isStrict: boolean): string {
  try {
    return (isStrict ? STRICT_TEXT : TEXT).decode(bytes)
  } catch (cause) {
    throw new CairnError('INVALID', 'Cannot decode a string: it is not UTF-8', { cause })
  }
}

const TEXT = new TextDecoder('utf-8', { ignoreBOM: true })
const STRICT_TEXT = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })

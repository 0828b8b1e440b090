// DAG-JSON and plain JSON out of values. DAG-JSON has no white space and keys in the order of their bytes; plain JSON is
// indented by tabs and keeps the order of keys, as Kubo writes it, for these bytes are hashed.
import { CairnError } from '../errors.ts'
import { formatCid } from '../block/cid.ts'
import { utf8 } from './cbor.ts'
import { base64Of, isReserved } from './json.ts'
import {
  checkDepth,
  INTEGER_MAX,
  INTEGER_MIN,
  IpldFloat,
  isLink,
  isList,
  type IpldMap,
  type IpldValue,
} from './value.ts'

/** A value in canonical DAG-JSON. @throws INVALID for a map that would be read as a link or bytes, and for what no JSON can hold */
export function encodeDagJson(value: IpldValue): Uint8Array {
  const pieces: string[] = []
  write(value, 0)
  return ENCODER.encode(pieces.join(''))

  function write(item: IpldValue, depth: number): void {
    if (isLink(item)) pieces.push(`{"/":"${formatCid(item)}"}`)
    else if (item instanceof Uint8Array) pieces.push(`{"/":{"bytes":"${base64Of(item)}"}}`)
    else if (item === null || typeof item !== 'object' || item instanceof IpldFloat) pieces.push(scalarText(item))
    else if (isList(item)) {
      checkDepth(depth)
      for (const [index, entry] of item.entries()) {
        pieces.push(index === 0 ? '[' : ',')
        write(entry, depth + 1)
      }
      pieces.push(item.length === 0 ? '[]' : ']')
    } else {
      checkDepth(depth)
      if (isReserved(item))
        throw new CairnError(
          'INVALID',
          'Cannot write a map with the key "/" as DAG-JSON: it would be read as a link or bytes',
        )
      for (const [index, [key, entry]] of sortedEntries(item).entries()) {
        pieces.push(index === 0 ? '{' : ',', stringText(key), ':')
        write(entry, depth + 1)
      }
      pieces.push(item.size === 0 ? '{}' : '}')
    }
  }
}

/** A value in plain JSON. @throws INVALID for links and bytes, which it cannot hold */
export function encodeJson(value: IpldValue): Uint8Array {
  const pieces: string[] = []
  write(value, 0)
  // A list or map ends its line, a scalar does not.
  if (value instanceof Map || Array.isArray(value)) pieces.push('\n')
  return ENCODER.encode(pieces.join(''))

  function write(item: IpldValue, depth: number): void {
    if (isLink(item) || item instanceof Uint8Array)
      throw new CairnError('INVALID', 'Cannot write links and bytes as plain JSON; dag-json has them')
    if (item === null || typeof item !== 'object' || item instanceof IpldFloat) {
      pieces.push(scalarText(item))
      return
    }
    checkDepth(depth)
    pieces.push(isList(item) ? '[' : '{')
    let separator = ''
    for (const [key, entry] of isList(item) ? item.values().map((inner) => [undefined, inner] as const) : item) {
      pieces.push(separator, '\n', '\t'.repeat(depth + 1), key === undefined ? '' : `${stringText(key)}: `)
      write(entry, depth + 1)
      separator = ','
    }
    pieces.push('\n', '\t'.repeat(depth), isList(item) ? ']' : '}')
  }
}

const ENCODER = new TextEncoder()

function sortedEntries(map: IpldMap): readonly (readonly [string, IpldValue])[] {
  const entries = [...map]
  if (entries.length < 2) return entries
  return entries
    .map((entry) => ({ entry, bytes: utf8(entry[0]) }))
    .toSorted((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ entry }) => entry)
}

function scalarText(value: null | boolean | number | bigint | string | IpldFloat): string {
  if (typeof value === 'string') return stringText(value)
  if (value instanceof IpldFloat) return floatText(value.value)
  if (
    typeof value === 'bigint'
      ? value > INTEGER_MAX || value < INTEGER_MIN
      : typeof value === 'number' && !Number.isSafeInteger(value)
  ) {
    throw new CairnError('INVALID', `Cannot write the integer ${value}: no codec can hold it`)
  }
  return String(value)
}

/** The shortest text that gives the float back, with a point or an exponent, so that it stays a float. */
function floatText(value: number): string {
  if (!Number.isFinite(value))
    throw new CairnError('INVALID', `Cannot write the float ${value}: it is no finite number`)
  const text = Object.is(value, -0) ? '-0' : String(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}

function stringText(value: string): string {
  if (!value.isWellFormed()) throw new CairnError('INVALID', 'Cannot write a string: it holds half a surrogate pair')
  const text = JSON.stringify(value)
  return ESCAPED_OTHERWISE.test(value) ? text.replaceAll(ESCAPE, (found) => ESCAPES[found] ?? found) : text
}

/** What Kubo escapes otherwise than JavaScript; these bytes are hashed. Source: refmt, json/jsonSerializerTerminals.go. */
const ESCAPED_OTHERWISE = /[\b\f\u2028\u2029]/
/** A whole escape, so that a backslash that is text keeps its own, or a separator. */
const ESCAPE = /\\.|[\u2028\u2029]/g
const ESCAPES: Readonly<Record<string, string>> = {
  [String.raw`\b`]: String.raw`\u0008`,
  [String.raw`\f`]: String.raw`\u000c`,
  '\u2028': String.raw`\u2028`,
  '\u2029': String.raw`\u2029`,
}

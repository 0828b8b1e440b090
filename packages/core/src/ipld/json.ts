// Values out of DAG-JSON and plain JSON. The two differ in one thing: in DAG-JSON the key "/" makes a link or bytes of a map. Source: ipld.io
// DAG-JSON specification, RFC 8259.
import { readCid } from '../block/cid.ts'
import { CairnError } from '../errors.ts'
import { JSON_NUMBER_CHARS_MAX } from '../limits.ts'
import {
  checkDepth,
  decodeText,
  INTEGER_MAX,
  INTEGER_MIN,
  integerOf,
  IpldFloat,
  isMap,
  ValueBudget,
  type IpldMap,
  type IpldValue,
} from './value.ts'

/** What a text of JSON may hold. */
export interface JsonForm {
  /** Whether the key "/" makes links and bytes, as in DAG-JSON. */
  readonly hasLinks: boolean
}

/**
 * The value that the text in `bytes` stands for; white space and the order of keys are free.
 *
 * @throws INVALID when it is no JSON of this form, or holds a number that no codec can, LIMIT when the value is too deep or
 * too large to hold
 */
export function decodeJson(bytes: Uint8Array, form: JsonForm): IpldValue {
  const parser = new Parser(bytes, form)
  const value = parser.value(0)
  parser.end()
  return value
}

/** Whether a map cannot stand in DAG-JSON as it is: it would be taken for a link or bytes. */
export function isReserved(map: IpldMap): boolean {
  const inner = map.get('/')
  return typeof inner === 'string' || (isMap(inner) && typeof inner.get('bytes') === 'string')
}

const CHAR = {
  tab: 9,
  lineFeed: 10,
  return: 13,
  space: 32,
  quote: 34,
  comma: 44,
  minus: 45,
  colon: 58,
  open: 91,
  escape: 92,
  close: 93,
  openMap: 123,
  closeMap: 125,
} as const

const NUMBER = /^-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
/** The words of JSON with their values. */
const WORDS: readonly (readonly [word: string, value: IpldValue])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
]

class Parser {
  readonly #bytes: Uint8Array
  readonly #form: JsonForm
  readonly #budget = new ValueBudget()
  #position = 0

  constructor(bytes: Uint8Array, form: JsonForm) {
    this.#bytes = bytes
    this.#form = form
  }

  /** The next value; levels are bounded, so recursion is. */
  value(depth: number): IpldValue {
    const first = this.#peek()
    if (first === CHAR.quote) return this.#string()
    if (first === CHAR.open) return this.#list(depth)
    if (first === CHAR.openMap) return this.#map(depth)
    if (first === CHAR.minus || isDigit(first)) return this.#number()
    return this.#word()
  }

  /** @throws INVALID when something follows the value */
  end(): void {
    if (this.#peek() !== undefined) throw invalid(`there is more at byte ${this.#position}`)
  }

  #list(depth: number): IpldValue[] {
    checkDepth(depth)
    this.#budget.take()
    const values: IpldValue[] = []
    this.#position++
    if (this.#peek() === CHAR.close) {
      this.#position++
      return values
    }
    do values.push(this.value(depth + 1))
    while (this.#goesOn(CHAR.close))
    return values
  }

  #map(depth: number): IpldValue {
    checkDepth(depth)
    this.#budget.take()
    const entries = new Map<string, IpldValue>()
    this.#position++
    if (this.#peek() === CHAR.closeMap) {
      this.#position++
      return entries
    }
    do {
      if (this.#peek() !== CHAR.quote) throw this.#unexpected('a key')
      const key = this.#string()
      if (entries.has(key)) throw invalid(`it has the key ${JSON.stringify(key)} twice`)
      if (this.#peek() !== CHAR.colon) throw this.#unexpected('a colon')
      this.#position++
      entries.set(key, this.value(depth + 1))
    } while (this.#goesOn(CHAR.closeMap))
    return this.#form.hasLinks && isReserved(entries) ? linkOrBytes(entries) : entries
  }

  /** Whether another entry follows, and passes over what says so. */
  #goesOn(close: number): boolean {
    const next = this.#peek()
    if (next !== CHAR.comma && next !== close) throw this.#unexpected('a comma')
    this.#position++
    return next === CHAR.comma
  }

  #string(): string {
    const start = ++this.#position
    let isPlain = true
    for (let byte = this.#bytes[start]; byte !== CHAR.quote; byte = this.#bytes[this.#position]) {
      if (byte === undefined) throw invalid('a string has no end')
      if (byte < CHAR.space) throw invalid('a string holds a control character')
      if (byte === CHAR.escape) {
        isPlain = false
        this.#position++
      }
      this.#position++
    }
    const text = decodeText(this.#bytes.subarray(start, this.#position++), true)
    return isPlain ? text : unescaped(text)
  }

  #number(): IpldValue {
    const start = this.#position
    for (let byte = this.#bytes[start]; isNumeric(byte); byte = this.#bytes[this.#position]) this.#position++
    if (this.#position - start > JSON_NUMBER_CHARS_MAX)
      throw new CairnError('LIMIT', `Cannot decode JSON: a number has more than ${JSON_NUMBER_CHARS_MAX} characters`)
    const text = decodeText(this.#bytes.subarray(start, this.#position), true)
    const [matched, fraction, exponent] = NUMBER.exec(text) ?? []
    if (matched === undefined) throw invalid(`"${text}" is no number`)
    if (fraction !== undefined || exponent !== undefined) {
      const float = Number(text)
      if (!Number.isFinite(float)) throw invalid(`the number ${text} is too large`)
      return new IpldFloat(float)
    }
    const integer = BigInt(text)
    if (integer > INTEGER_MAX || integer < INTEGER_MIN) throw invalid(`the integer ${text} does not fit`)
    return integerOf(integer)
  }

  #word(): IpldValue {
    for (const [word, value] of WORDS) {
      if (!matchesAt(this.#bytes, this.#position, word)) continue
      this.#position += word.length
      return value
    }
    throw this.#unexpected('a value')
  }

  /** The next byte that is no white space, not passed over yet. */
  #peek(): number | undefined {
    for (;;) {
      const byte = this.#bytes[this.#position]
      if (byte !== CHAR.space && byte !== CHAR.lineFeed && byte !== CHAR.return && byte !== CHAR.tab) return byte
      this.#position++
    }
  }

  #unexpected(wanted: string): CairnError {
    const isEnd = this.#position >= this.#bytes.length
    return invalid(isEnd ? 'it ends too early' : `there is no ${wanted.replace(/^an? /, '')} at byte ${this.#position}`)
  }
}

/** What a map that is reserved stands for. @throws INVALID when it has further keys, or its text is no CID or base64 */
function linkOrBytes(map: IpldMap): IpldValue {
  const inner = map.get('/')
  if (map.size > 1 || (isMap(inner) && inner.size > 1)) throw invalid('a map with the key "/" has further keys')
  if (typeof inner === 'string') return readCid(inner)
  const text = isMap(inner) ? inner.get('bytes') : undefined
  if (typeof text !== 'string' || !BASE64.test(text)) throw invalid('bytes are not in base64')
  const bytes = Buffer.from(text, 'base64')
  if (base64Of(bytes) !== text.replace(/=+$/, '')) throw invalid('bytes are not in base64 as it is written')
  return Uint8Array.from(bytes)
}

/** Bytes in base64 without padding, as DAG-JSON has them. */
export function base64Of({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64').replace(/=+$/, '')
}

function unescaped(text: string): string {
  let value: unknown
  try {
    value = JSON.parse(`"${text}"`)
  } catch (cause) {
    throw new CairnError('INVALID', 'Cannot decode JSON: a string holds an unknown escape', { cause })
  }
  if (typeof value !== 'string' || !value.isWellFormed()) throw invalid('a string holds half a surrogate pair')
  return value
}

function matchesAt(bytes: Uint8Array, position: number, word: string): boolean {
  for (let index = 0; index < word.length; index++) if (bytes[position + index] !== word.charCodeAt(index)) return false
  return true
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57
}

/** Digits, signs, points and exponents. */
function isNumeric(byte: number | undefined): boolean {
  return isDigit(byte) || byte === CHAR.minus || byte === 43 || byte === 46 || byte === 69 || byte === 101
}

function invalid(reason: string): CairnError {
  return new CairnError('INVALID', `Cannot decode JSON: ${reason}`)
}

// Chunkers by the names that Kubo gives them, and Cairn's own.
import { CairnError } from '../errors.ts'
import { CHUNK_BYTES_MAX, FASTCDC_BYTES_MIN } from '../limits.ts'
import { buzhash } from './buzhash.ts'
import type { Chunker } from './chunker.ts'
import { contentDefined } from './content-defined.ts'
import { fastCdc } from './fast-cdc.ts'
import { fixedSize } from './fixed-size.ts'
import { rabin, RABIN_WINDOW_BYTES } from './rabin.ts'

/** The forms that {@link parseChunker} accepts, for messages and the help. */
export const CHUNKER_FORMS = 'size-N, rabin[-AVG|-MIN-AVG-MAX], buzhash or fastcdc[-AVG|-MIN-AVG-MAX]'

/** Bytes of an average chunk of `rabin`. Source: boxo chunker/parse.go. */
const RABIN_AVG_BYTES = 262_144

/** Bytes of an average chunk of `fastcdc`: large enough that a backup has few blocks, and small beside what changes. */
const FASTCDC_AVG_BYTES = 524_288

/**
 * The chunker that `text` names, all numbers in bytes: `size-N`; Kubo's `rabin`, `rabin-AVG`, `rabin-MIN-AVG-MAX` (also
 * as `rabin-min:MIN-avg:AVG-max:MAX`) and `buzhash`; and `fastcdc`, `fastcdc-AVG`, `fastcdc-MIN-AVG-MAX`, whose CIDs are
 * Cairn's own. No chunk may be longer than 2,096,896 bytes.
 *
 * @throws INVALID for sizes out of range or order, UNSUPPORTED for another form
 */
export function parseChunker(text: string): Chunker {
  const [name, ...parts] = text.split('-')
  const size = name === 'size' ? sizeOf(parts[0]) : undefined
  if (size !== undefined && parts.length === 1) {
    if (size < 1 || size > CHUNK_BYTES_MAX) throw refusal(text, `the size must be 1 to ${CHUNK_BYTES_MAX} bytes`)
    return fixedSize(size)
  }
  if (text === 'buzhash') return contentDefined(buzhash)
  const rule = name === 'rabin' ? RABIN : name === 'fastcdc' ? FASTCDC : undefined
  const sizes = rule && parseSizes(parts, rule)
  if (rule === undefined || sizes === undefined) {
    throw new CairnError('UNSUPPORTED', `Cannot use chunker "${text}": the accepted forms are ${CHUNKER_FORMS}`)
  }
  const { minBytes, avgBytes, maxBytes } = sizes
  if (minBytes < rule.leastBytes || minBytes >= avgBytes || avgBytes >= maxBytes || maxBytes > CHUNK_BYTES_MAX) {
    const stated = `it gives chunks of ${minBytes}, ${avgBytes} and ${maxBytes} bytes`
    throw refusal(text, `${stated}, and ${rule.leastBytes} ≤ MIN < AVG < MAX ≤ ${CHUNK_BYTES_MAX} is needed`)
  }
  return contentDefined(rule.make(sizes))
}

/** Bytes of the shortest chunk but the last, of one on average, and of the longest. */
interface ChunkSizes {
  readonly minBytes: number
  readonly avgBytes: number
  readonly maxBytes: number
}

/** A rule that is made for sizes. */
interface SizedRule {
  readonly make: typeof rabin
  readonly leastBytes: number
  readonly avgBytes: number
  /** The sizes that follow from the average. */
  readonly around: (avgBytes: number) => ChunkSizes
}

const RABIN: SizedRule = {
  make: rabin,
  leastBytes: RABIN_WINDOW_BYTES,
  avgBytes: RABIN_AVG_BYTES,
  around: (avgBytes) => ({
    minBytes: Math.floor(avgBytes / 3),
    avgBytes,
    maxBytes: avgBytes + Math.floor(avgBytes / 2),
  }),
}

const FASTCDC: SizedRule = {
  make: fastCdc,
  leastBytes: FASTCDC_BYTES_MIN,
  avgBytes: FASTCDC_AVG_BYTES,
  around: (avgBytes) => ({
    minBytes: Math.floor(avgBytes / 4),
    avgBytes,
    maxBytes: Math.min(4 * avgBytes, CHUNK_BYTES_MAX),
  }),
}

/** The sizes in nothing, `AVG` or `MIN-AVG-MAX`; `undefined` for another form. */
function parseSizes(parts: readonly string[], { avgBytes, around }: SizedRule): ChunkSizes | undefined {
  if (parts.length === 0) return around(avgBytes)
  const [first, second, third] = parts
  if (parts.length === 1) {
    const average = sizeOf(first)
    return average === undefined ? undefined : around(average)
  }
  const min = sizeOf(first, 'min:')
  const avg = sizeOf(second, 'avg:')
  const max = sizeOf(third, 'max:')
  if (parts.length !== 3 || min === undefined || avg === undefined || max === undefined) return undefined
  return { minBytes: min, avgBytes: avg, maxBytes: max }
}

function sizeOf(text = '', label = ''): number | undefined {
  const digits = text.startsWith(label) ? text.slice(label.length) : text
  return /^\d+$/.test(digits) ? Number(digits) : undefined
}

function refusal(text: string, reason: string): CairnError {
  return new CairnError('INVALID', `Cannot use chunker "${text}": ${reason}`)
}

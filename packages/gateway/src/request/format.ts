// The form in which content is asked for: by `format` in the query, which wins, or by Accept. Source: ipfs/specs,
// path-gateway.md and trustless-gateway.md, IPIP-523.
import { HttpFailure } from '../content/failure.ts'

/** Media types by the name of their format. */
export const MEDIA_TYPES = {
  raw: 'application/vnd.ipld.raw',
  car: 'application/vnd.ipld.car',
  tar: 'application/x-tar',
  'ipns-record': 'application/vnd.ipfs.ipns-record',
  'dag-json': 'application/vnd.ipld.dag-json',
  'dag-cbor': 'application/vnd.ipld.dag-cbor',
  json: 'application/json',
  cbor: 'application/cbor',
} as const

/** Forms that can be asked for. */
export type Format = keyof typeof MEDIA_TYPES

/** What a client wants. */
export interface Wanted {
  /** `undefined` for the content itself, as browsers want it. */
  readonly format: Format | undefined
  /** Parameters of the media type in Accept. */
  readonly parameters: ReadonlyMap<string, string>
  /** Whether the URL alone does not say the format. */
  readonly isByAccept: boolean
  /** Whether the client takes the content itself as well. */
  readonly takesAnything: boolean
  /** Whether pages for people are welcome. */
  readonly takesHtml: boolean
}

/** One media type of an Accept header. */
interface Accepted {
  readonly type: string
  readonly quality: number
  readonly parameters: ReadonlyMap<string, string>
}

/** @throws HttpFailure 400 for a format that there is none of, 406 when nothing that is accepted can be had */
export function wantedOf(query: URLSearchParams, accept: string | null): Wanted {
  const accepted = parseAccept(accept ?? '')
  const takesHtml = accepted.some(({ type }) => type === 'text/html')
  const takesAnything =
    accepted.length === 0 || accepted.some(({ type }) => /^(\*|text|image|video|audio|font)\//.test(type))
  const first = accepted.find(({ type }) => type === 'text/html' || formatOf(type) !== undefined)
  const byAccept = first && formatOf(first.type)
  const named = query.get('format')
  if (named !== null && named !== '') {
    if (!isFormat(named))
      throw new HttpFailure(400, `There is no format "${named}": formats are ${Object.keys(MEDIA_TYPES).join(', ')}`)
    const parameters = byAccept === named ? first?.parameters : undefined
    const isByAccept = byAccept !== undefined && byAccept !== named
    return { format: named, parameters: parameters ?? new Map(), isByAccept, takesAnything: false, takesHtml }
  }
  if (
    byAccept === undefined &&
    !takesAnything &&
    accepted.some(({ type }) => /^application\/vnd\.ip(ld|fs)\./.test(type))
  )
    throw new HttpFailure(406, `No format that is accepted can be had: ${Object.values(MEDIA_TYPES).join(', ')} can`)
  return {
    format: byAccept,
    parameters: first?.parameters ?? new Map(),
    isByAccept: byAccept !== undefined,
    takesAnything,
    takesHtml,
  }
}

function parseAccept(text: string): Accepted[] {
  return text
    .split(',')
    .map((part) => {
      const [type = '', ...rest] = part.split(';').map((piece) => piece.trim())
      const pairs = rest.map((pair): [string, string] => {
        const at = pair.indexOf('=')
        return at < 0
          ? [pair, '']
          : [
              pair.slice(0, at).trim().toLowerCase(),
              pair
                .slice(at + 1)
                .trim()
                .replaceAll('"', ''),
            ]
      })
      const parameters = new Map(pairs)
      const quality = Number(parameters.get('q') ?? 1)
      return { type: type.toLowerCase(), quality: Number.isNaN(quality) ? 1 : quality, parameters }
    })
    .filter(({ type, quality }) => type !== '' && quality > 0)
    .toSorted((one, other) => other.quality - one.quality)
}

function formatOf(type: string): Format | undefined {
  return FORMATS_BY_TYPE.get(type)
}

const FORMATS_BY_TYPE: ReadonlyMap<string, Format> = new Map(
  Object.entries(MEDIA_TYPES).map(([format, type]) => [type, format as Format]),
)

function isFormat(name: string): name is Format {
  return Object.hasOwn(MEDIA_TYPES, name)
}

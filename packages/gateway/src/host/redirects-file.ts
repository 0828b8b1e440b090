// The file `_redirects` of a site: what becomes of paths that it does not have. Source: ipfs/specs, web-redirects-file.md.
import { HttpFailure } from '../content/failure.ts'
import { REDIRECTS_BYTES_MAX, REDIRECTS_MAX } from '../limits.ts'
import { encodeName, encodeUrl } from '../request/target.ts'

/** One line of the file. */
interface Rule {
  readonly from: readonly string[]
  readonly to: string
  readonly status: number
}

/** What a path leads to instead. */
export interface Redirect {
  /** A path of the same site, or a URL; encoded, with its query. */
  readonly to: string
  readonly status: number
}

const STATUSES: ReadonlySet<number> = new Set([200, 301, 302, 303, 307, 308, 404, 410, 451])

/**
 * What the first rule says that matches the decoded `names`; `undefined` when none does. The query of the request goes before that of
 * the rule.
 *
 * @throws HttpFailure 500 for a file that is too long or does not parse
 */
export function findRedirect(
  bytes: Uint8Array,
  { names, query }: { readonly names: readonly string[]; readonly query: URLSearchParams },
): Redirect | undefined {
  if (bytes.length > REDIRECTS_BYTES_MAX) throw broken(`it has more than ${REDIRECTS_BYTES_MAX} bytes`)
  // All of it is read: a mistake at its end is one whatever is asked for.
  for (const { from, to, status } of rulesOf(new TextDecoder().decode(bytes))) {
    const values = matched(from, names)
    if (values !== undefined) return { to: withQuery(filled(to, values), query), status }
  }
  return undefined
}

function rulesOf(text: string): readonly Rule[] {
  const rules = text.split(/\r?\n/).flatMap((line) => {
    const words = line.trim().split(/\s+/)
    return words[0] === '' || words[0]?.startsWith('#') === true ? [] : [ruleOf(words)]
  })
  if (rules.length > REDIRECTS_MAX) throw broken(`it has more than ${REDIRECTS_MAX} rules`)
  return rules
}

function ruleOf(words: readonly string[]): Rule {
  const end = words.findIndex((word) => word.startsWith('#'))
  const [from = '', to = '', code = '301', ...more] = end < 0 ? words : words.slice(0, end)
  const status = Number(code)
  if (!from.startsWith('/') || to === '' || more.length > 0) throw broken(`a line is not "from to status"`)
  if (!/^\d{3}$/.test(code) || !STATUSES.has(status)) throw broken(`a status is "${code}"`)
  const isUrl = /^https?:\/\/[^/]/i.test(to)
  if (!to.startsWith('/') && !(isUrl && status >= 300 && status < 400)) throw broken(`"${to}" is no path of the site`)
  const names = from.split('/').filter((name) => name !== '')
  const placeholders = names.filter((name) => name.startsWith(':'))
  const star = names.findIndex((name) => name.includes('*'))
  if (new Set(placeholders).size < placeholders.length) throw broken(`"${from}" has a placeholder twice`)
  if (star >= 0 && (star < names.length - 1 || names[star] !== '*')) throw broken(`"${from}" has a star before its end`)
  return { from: names, to, status }
}

/** Values of the placeholders, `undefined` where the names do not match. */
function matched(from: readonly string[], names: readonly string[]): ReadonlyMap<string, string> | undefined {
  const values = new Map<string, string>()
  for (const [index, part] of from.entries()) {
    if (part === '*') return values.set('splat', names.slice(index).map(encodeName).join('/'))
    const name = names[index]
    if (name === undefined) return undefined
    if (part.startsWith(':')) values.set(part.slice(1), encodeName(name))
    else if (part !== name && part !== encodeName(name)) return undefined
  }
  return names.length === from.length ? values : undefined
}

function filled(to: string, values: ReadonlyMap<string, string>): string {
  return encodeUrl(to.replaceAll(/:([A-Za-z]\w*)/g, (whole, name: string) => values.get(name) ?? whole))
}

function withQuery(to: string, query: URLSearchParams): string {
  if (query.size === 0) return to
  const [, path = '', own = '', fragment = ''] = /^([^?#]*)\??([^#]*)(#.*)?$/.exec(to) ?? []
  const all = new URLSearchParams(own)
  for (const name of new Set(query.keys())) all.delete(name)
  for (const [name, value] of query) all.append(name, value)
  return `${path}?${all}${fragment}`
}

function broken(reason: string): HttpFailure {
  return new HttpFailure(500, `The file _redirects of this site cannot be used: ${reason}`)
}

// XML as far as WebDAV needs it: small documents with namespaces. No document types, and so no entities of a document's own:
// nothing in one grows, and nothing is read from elsewhere. Source: XML 1.0 and Namespaces in XML, the parts that clients use.
import { XML_DEPTH_MAX } from '../limits.ts'
import { DavError } from './dav-error.ts'

/** Namespace of WebDAV itself. */
export const DAV = 'DAV:'

/** One element. */
export interface XmlElement {
  readonly namespace: string
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  readonly children: readonly (XmlElement | string)[]
}

interface OpenElement extends XmlElement {
  readonly qualified: string
  readonly prefixes: ReadonlyMap<string, string>
  readonly children: (XmlElement | string)[]
}

const TOKEN =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<\/([^<>\s]+)\s*>|<([^<>\s/!?]+)((?:\s+[^\s=<>/]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/gy
const ATTRIBUTE = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

/** The element that a document is. @throws DavError 400 for anything else, also for what XML has and WebDAV does not need */
export function parseXml(text: string): XmlElement {
  const root: OpenElement = element('', { prefixes: new Map(), attributes: new Map() })
  const open = [root]
  for (let at = 0; at < text.length;) {
    TOKEN.lastIndex = at
    const found = TOKEN.exec(text)
    const top = open.at(-1)
    if (found === null || top === undefined) throw new DavError(400)
    at = TOKEN.lastIndex
    const [, cdata, ending, beginning, attributes = '', isEmpty, content] = found
    if (cdata !== undefined) top.children.push(cdata)
    if (content !== undefined) top.children.push(unescaped(content))
    if (ending !== undefined) {
      if (open.length === 1 || top.qualified !== ending) throw new DavError(400)
      open.pop()
    }
    if (beginning === undefined) continue
    const begun = element(beginning, attributesOf(attributes, top.prefixes))
    top.children.push(begun)
    if (isEmpty === '/') continue
    if (open.push(begun) > XML_DEPTH_MAX) throw new DavError(400)
  }
  const [only, ...more] = elementsOf(root)
  const hasText = root.children.some((child) => typeof child === 'string' && child.trim() !== '')
  if (open.length !== 1 || only === undefined || more.length > 0 || hasText) throw new DavError(400)
  return only
}

/** The elements inside of one. */
export function elementsOf({ children }: XmlElement): XmlElement[] {
  return children.filter((child) => typeof child !== 'string')
}

/** The first element of WebDAV with this name inside of one. */
export function childOf(parent: XmlElement, name: string): XmlElement | undefined {
  return elementsOf(parent).find((child) => child.namespace === DAV && child.name === name)
}

export function escapeXml(text: string): string {
  return text.replaceAll(/[<>&"']/g, (char) => `&#${char.charCodeAt(0)};`)
}

/** An element as text, whatever prefixes it had. */
export function formatXml(node: XmlElement | string): string {
  if (typeof node === 'string') return escapeXml(node)
  const attributes = [...node.attributes].map(([name, value]) => ` ${name}="${escapeXml(value)}"`).join('')
  return tag(node, attributes, node.children.map(formatXml).join(''))
}

/** An element with a prefix of its own. What is in no namespace has none. */
export function tag(
  { namespace, name }: Pick<XmlElement, 'namespace' | 'name'>,
  attributes = '',
  content = '',
): string {
  const [qualified, declared] = namespace === '' ? [name, ''] : [`n:${name}`, ` xmlns:n="${escapeXml(namespace)}"`]
  return content === ''
    ? `<${qualified}${declared}${attributes}/>`
    : `<${qualified}${declared}${attributes}>${content}</${qualified}>`
}

function element(
  qualified: string,
  {
    prefixes,
    attributes,
  }: { readonly prefixes: ReadonlyMap<string, string>; readonly attributes: ReadonlyMap<string, string> },
): OpenElement {
  const colon = qualified.indexOf(':')
  const [prefix, name] = colon < 0 ? ['', qualified] : [qualified.slice(0, colon), qualified.slice(colon + 1)]
  const namespace = prefixes.get(prefix) ?? (prefix === '' ? '' : undefined)
  if (namespace === undefined || (name === '' && qualified !== '')) throw new DavError(400)
  return { qualified, namespace, name, attributes, prefixes, children: [] }
}

function attributesOf(text: string, above: ReadonlyMap<string, string>) {
  const prefixes = new Map(above)
  const attributes = new Map<string, string>()
  for (const [, name = '', double, single] of text.matchAll(ATTRIBUTE)) {
    const value = unescaped(double ?? single ?? '')
    if (name === 'xmlns') prefixes.set('', value)
    else if (!name.startsWith('xmlns:')) attributes.set(name, value)
    else if (value === '') throw new DavError(400)
    else prefixes.set(name.slice('xmlns:'.length), value)
  }
  return { prefixes, attributes }
}

function unescaped(text: string): string {
  return text.replaceAll(/&(#\d{1,7}|#x[\da-f]{1,6}|\w{1,8});/gi, (_, name: string) => {
    const known = ENTITIES[name]
    if (known !== undefined) return known
    const code = name.startsWith('#') ? Number(name.slice(1).replace(/^x/i, '0x')) : Number.NaN
    if (!(code <= 0x10_ffff)) throw new DavError(400)
    return String.fromCodePoint(code)
  })
}

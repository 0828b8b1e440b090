// Properties of files and folders: those that follow from what they are, and those that clients have set. UnixFS has no place
// for the latter, so they live in memory, as many as fit, and are gone with the process.
import mime from 'mime'
import { DAV_PROPERTIES_MAX } from '../limits.ts'
import type { VfsNode } from '../vfs/vfs-node.ts'
import { isWithin, type DavPath, hrefOf } from './dav-path.ts'
import { secondsLeft, type DavLock, type Locks } from './locks.ts'
import { DAV, escapeXml, formatXml, type XmlElement } from './xml.ts'

/** What properties are made of. */
export interface PropertySource {
  readonly path: DavPath
  readonly node: VfsNode
  /** With quotes; only of a file. */
  readonly etag: string | undefined
  readonly locks: Locks
  readonly room: { readonly free: number; readonly used: number }
}

type Live = (source: PropertySource) => string | undefined

/** Properties by name, as XML; those that there are not of a node are `undefined`. */
export const LIVE: ReadonlyMap<string, Live> = new Map<string, Live>([
  ['creationdate', ({ node }) => timeOf(node).toISOString()],
  ['displayname', ({ path }) => escapeXml(path.at(-1) ?? '')],
  ['getcontentlength', ({ node }) => (node.kind === 'file' ? `${node.size}` : undefined)],
  ['getcontenttype', ({ node, path }) => (node.kind === 'file' ? contentType(path) : undefined)],
  ['getetag', ({ etag }) => (etag === undefined ? undefined : escapeXml(etag))],
  ['getlastmodified', ({ node }) => timeOf(node).toUTCString()],
  ['lockdiscovery', ({ path, locks }) => locks.on(path).map(formatLock).join('')],
  ['resourcetype', ({ node }) => (node.kind === 'directory' ? '<D:collection/>' : '')],
  ['supportedlock', () => ['exclusive', 'shared'].map(lockEntry).join('')],
  ['quota-available-bytes', ({ node, room }) => (node.kind === 'directory' ? `${room.free}` : undefined)],
  ['quota-used-bytes', ({ node, room }) => (node.kind === 'directory' ? `${room.used}` : undefined)],
])

/** Told only to who asks for them by name. Source: RFC 4331. */
export const ONLY_BY_NAME: ReadonlySet<string> = new Set(['quota-available-bytes', 'quota-used-bytes'])

export function contentType(path: DavPath): string {
  return mime.getType(path.at(-1) ?? '') ?? 'application/octet-stream'
}

/** When it was changed; what says nothing of that has the beginning of time. */
export function timeOf({ metadata: { mtime } }: VfsNode): Date {
  return new Date(mtime === undefined ? 0 : Number(mtime.seconds) * 1000)
}

/** One lock in an answer. */
export function formatLock(lock: DavLock): string {
  const owner = lock.owner === '' ? '' : `<D:owner>${lock.owner}</D:owner>`
  return (
    `<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:${lock.scope}/></D:lockscope>` +
    `<D:depth>${lock.isDeep ? 'infinity' : '0'}</D:depth>${owner}<D:timeout>Second-${secondsLeft(lock)}</D:timeout>` +
    `<D:locktoken><D:href>${lock.token}</D:href></D:locktoken>` +
    `<D:lockroot><D:href>${escapeXml(hrefOf(lock.path, false) || '/')}</D:href></D:lockroot></D:activelock>`
  )
}

/** Properties that clients have set; see the head of this file. */
export class DeadProperties {
  /** By path and name, in the order of setting; values are XML. */
  readonly #values = new Map<string, { readonly path: DavPath; readonly name: string; readonly xml: string }>()

  of(path: DavPath): readonly { readonly name: string; readonly xml: string }[] {
    const found = []
    for (const value of this.#values.values())
      if (value.path.length === path.length && isWithin(value.path, path)) found.push(value)
    return found
  }

  set(path: DavPath, property: XmlElement): void {
    const key = keyOf(path, nameOf(property))
    this.#values.delete(key)
    this.#values.set(key, { path, name: nameOf(property), xml: formatXml(property) })
    for (const oldest of this.#values.keys()) if (this.#values.size > DAV_PROPERTIES_MAX) this.#values.delete(oldest)
  }

  remove(path: DavPath, property: XmlElement): void {
    this.#values.delete(keyOf(path, nameOf(property)))
  }

  /** What is gone has none. */
  removeWithin(path: DavPath): void {
    for (const [key, value] of this.#values) if (isWithin(value.path, path)) this.#values.delete(key)
  }

  /** What is copied, or moved, keeps them. */
  copyWithin(from: DavPath, to: DavPath): void {
    const present = this.#values
      .values()
      .filter(({ path }) => isWithin(path, from))
      .toArray()
    for (const { path, name, xml } of present) {
      const at = [...to, ...path.slice(from.length)]
      this.#values.set(keyOf(at, name), { path: at, name, xml })
    }
  }
}

/** A name that no other property has. */
export function nameOf({ namespace, name }: Pick<XmlElement, 'namespace' | 'name'>): string {
  return `${namespace} ${name}`
}

export function isLive({ namespace, name }: XmlElement): boolean {
  return namespace === DAV && LIVE.has(name)
}

function keyOf(path: DavPath, name: string): string {
  return JSON.stringify([path, name])
}

function lockEntry(scope: string): string {
  return `<D:lockentry><D:lockscope><D:${scope}/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>`
}

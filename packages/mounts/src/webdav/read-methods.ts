// Reading files, and properties of files and folders.
import { DAV_PIECE_BYTES } from '../limits.ts'
import type { VfsFile, VfsNode } from '../vfs/vfs-node.ts'
import { httpCondition } from './conditions.ts'
import { DavError } from './dav-error.ts'
import { hrefOf, type DavPath } from './dav-path.ts'
import { contentType, LIVE, nameOf, ONLY_BY_NAME, timeOf, type PropertySource } from './properties.ts'
import type { DavAnswer, DavCall } from './share.ts'
import { childOf, DAV, elementsOf, escapeXml, tag, type XmlElement } from './xml.ts'

export const XML_HEADERS = { 'Content-Type': 'application/xml; charset=utf-8' }

/** GET and HEAD: a file or a part of it; of a folder a list of its names. */
export async function get(call: DavCall): Promise<DavAnswer | undefined> {
  const node = await call.require()
  if (node.kind === 'directory') return listNames(call, node)
  if (node.kind === 'symlink') throw new DavError(404)
  const etag = await call.etagOf(node)
  const modifiedSeconds = Math.floor(timeOf(node).getTime() / 1000)
  const headers = {
    'Content-Type': contentType(call.path),
    'Last-Modified': timeOf(node).toUTCString(),
    'Accept-Ranges': 'bytes',
    // What people share may be a page with scripts, and has to be no page of ours.
    'Content-Security-Policy': "sandbox; default-src 'none'",
    'X-Content-Type-Options': 'nosniff',
    ...(etag !== undefined && { ETag: etag }),
  }
  const condition = httpCondition(call.request.headers, { etag, modifiedSeconds, reads: true })
  if (condition === 'refused') throw new DavError(412)
  if (condition === 'not modified') return { status: 304, headers }
  const range = rangeOf(call.header('range'), node.size)
  if (range === 'none') return { status: 416, headers: { ...headers, 'Content-Range': `bytes */${node.size}` } }
  const { start, end } = range ?? { start: 0, end: node.size }
  call.response.writeHead(range === undefined ? 200 : 206, {
    ...headers,
    'Content-Length': end - start,
    ...(range !== undefined && { 'Content-Range': `bytes ${start}-${end - 1}/${node.size}` }),
  })
  if (call.request.method !== 'HEAD') await sendContent(call, node, { start, end })
  await call.end()
  return undefined
}

/** PROPFIND: properties of what stands at the path, and of what is directly below it. */
export async function propfind(call: DavCall): Promise<undefined> {
  const node = await call.require()
  const asked = await call.xml()
  if (asked !== undefined && (asked.namespace !== DAV || asked.name !== 'propfind')) throw new DavError(400)
  const depth = call.header('depth') ?? 'infinity'
  if (depth !== '0' && depth !== '1') throw new DavError(403, 'propfind-finite-depth')
  const { total, free } = await call.share.room()
  const wanted = asked && childOf(asked, 'prop')
  const query = {
    names: wanted && elementsOf(wanted),
    isNameOnly: asked !== undefined && childOf(asked, 'propname') !== undefined,
    room: { free, used: total - free },
  }
  call.response.writeHead(207, XML_HEADERS)
  await call.write('<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:">')
  await call.write(await describe(call, { path: call.path, node }, query))
  if (depth === '1' && node.kind === 'directory') {
    for await (const entry of call.share.vfs.list(node, call)) {
      const child = await call.share.vfs.nodeOf(node, entry, call)
      const path = [...call.path, entry.name]
      if (child !== undefined && child.kind !== 'symlink')
        await call.write(await describe(call, { path, node: child }, query))
    }
  }
  await call.write('</D:multistatus>')
  await call.end()
  return undefined
}

interface Query {
  readonly names: readonly XmlElement[] | undefined
  readonly isNameOnly: boolean
  readonly room: PropertySource['room']
}

async function describe(
  call: DavCall,
  { path, node }: { readonly path: DavPath; readonly node: VfsNode },
  { names, isNameOnly, room }: Query,
): Promise<string> {
  const { locks, dead } = call.share
  const source = { path, node, etag: await call.etagOf(node), locks, room }
  const set = dead.of(path)
  const found: string[] = []
  const missing: string[] = []
  if (names === undefined) {
    for (const [name, make] of LIVE) {
      const value = ONLY_BY_NAME.has(name) ? undefined : make(source)
      if (value !== undefined) found.push(isNameOnly ? `<D:${name}/>` : `<D:${name}>${value}</D:${name}>`)
    }
    for (const { xml } of set) found.push(xml)
  }
  for (const property of names ?? []) {
    const value = property.namespace === DAV ? LIVE.get(property.name)?.(source) : undefined
    const own = set.find(({ name }) => name === nameOf(property))
    if (value !== undefined) found.push(`<D:${property.name}>${value}</D:${property.name}>`)
    else if (own !== undefined) found.push(own.xml)
    else missing.push(tag(property))
  }
  const status = (properties: readonly string[], text: string): string =>
    `<D:propstat><D:prop>${properties.join('')}</D:prop><D:status>HTTP/1.1 ${text}</D:status></D:propstat>`
  const parts = [
    ...(found.length > 0 || missing.length === 0 ? [status(found, '200 OK')] : []),
    ...(missing.length > 0 ? [status(missing, '404 Not Found')] : []),
  ]
  const href = escapeXml(hrefOf(path, node.kind === 'directory'))
  return `<D:response><D:href>${href}</D:href>${parts.join('')}</D:response>`
}

async function sendContent(
  call: DavCall,
  file: VfsFile,
  { start, end }: { readonly start: number; readonly end: number },
): Promise<void> {
  const { vfs } = call.share
  const key = `dav-${file.ino}-${++lastKey}`
  vfs.hold(file)
  try {
    for (let offset = start; offset < end; offset += DAV_PIECE_BYTES) {
      const length = Math.min(DAV_PIECE_BYTES, end - offset)
      const bytes = await vfs.read(file, { offset, length }, { key, signal: call.signal })
      if (bytes.length < length) throw new DavError(500)
      await call.write(bytes)
    }
  } finally {
    vfs.endReading(key)
    vfs.release(file)
  }
}

let lastKey = 0

/** For people who look with a browser. */
async function listNames(call: DavCall, folder: VfsNode & { readonly kind: 'directory' }): Promise<undefined> {
  call.response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' })
  if (call.request.method !== 'HEAD')
    for await (const { name } of call.share.vfs.list(folder, call)) await call.write(`${name}\n`)
  await call.end()
  return undefined
}

/** The bytes that one range names; `undefined` for all, `none` for none that there are. Several are answered with all. */
function rangeOf(
  header: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | 'none' | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1)
  return start < end ? { start, end } : 'none'
}

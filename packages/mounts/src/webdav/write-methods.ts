// Changing files and folders. An answer comes when the change is durable.
import type { VfsNode } from '../vfs/vfs-node.ts'
import { httpCondition, requireUnlocked } from './conditions.ts'
import { DavError } from './dav-error.ts'
import { hrefOf, isWithin, pathOf, type DavPath } from './dav-path.ts'
import { isLive } from './properties.ts'
import { XML_HEADERS } from './read-methods.ts'
import type { DavAnswer, DavCall } from './share.ts'
import { childOf, DAV, elementsOf, escapeXml, tag } from './xml.ts'

/** PUT: the body is written beside the tree, and takes the name when it is whole. */
export async function put(call: DavCall): Promise<DavAnswer> {
  const { vfs, locks } = call.share
  if (call.header('content-range') !== undefined) throw new DavError(400)
  const present = await call.find()
  if (present?.kind === 'directory') throw new DavError(405)
  const place = await call.placeOf(call.path)
  requireUnlocked(locks, call.path, { tokens: await call.tokens(), changesName: present === undefined })
  const etag = await call.etagOf(present)
  const modifiedSeconds = undefined
  if (httpCondition(call.request.headers, { etag, modifiedSeconds, reads: false }) !== 'go on') throw new DavError(412)
  const draft = await vfs.draftFile(place.folder, call.metadata())
  try {
    let offset = 0
    for await (const bytes of call.body()) {
      await vfs.write(draft, { offset, bytes }, call)
      offset += bytes.length
    }
    await vfs.change(draft, call.metadata(), call)
    await vfs.link(place, draft, { replaces: true, signal: call.signal })
  } catch (error) {
    draft.draft?.close()
    throw error
  }
  await vfs.sync()
  // Another upload may have taken its place already.
  const stored = await call.etagOf(draft).catch(() => undefined)
  const headers = {
    ...(stored !== undefined && { ETag: stored }),
    ...(call.header('x-oc-mtime') !== undefined && { 'X-OC-Mtime': 'accepted' }),
  }
  return { status: present === undefined ? 201 : 204, headers }
}

/** MKCOL. */
export async function mkcol(call: DavCall): Promise<DavAnswer> {
  const { vfs, locks } = call.share
  for await (const bytes of call.body()) if (bytes.length > 0) throw new DavError(415)
  if ((await call.find()) !== undefined) throw new DavError(405)
  const place = await call.placeOf(call.path)
  requireUnlocked(locks, call.path, { tokens: await call.tokens(), changesName: true })
  await vfs.makeFolder(place, { metadata: call.metadata(), signal: call.signal })
  await vfs.sync()
  return { status: 201 }
}

/** DELETE: a file, or a folder with all below it. */
export async function remove(call: DavCall): Promise<DavAnswer> {
  const { vfs, locks } = call.share
  await call.require()
  const place = await call.placeOf(call.path)
  requireUnlocked(locks, call.path, { tokens: await call.tokens(), below: true, changesName: true })
  await vfs.remove(place, { only: 'any', signal: call.signal })
  forget(call, call.path)
  await vfs.sync()
  return { status: 204 }
}

/** COPY: copies no bytes, whatever is below. */
export async function copy(call: DavCall): Promise<DavAnswer> {
  const { vfs, dead } = call.share
  const node = await call.require()
  const { target, present, place } = await prepareTarget(call)
  const isShallow = call.header('depth') === '0' && node.kind === 'directory'
  const { tree, metadata } = node
  const made = isShallow ? undefined : await vfs.contentNode(place.folder, await vfs.entryOf(node), call)
  if (isInWay(present, node)) await vfs.remove(place, { only: 'any', signal: call.signal })
  if (made === undefined) await vfs.makeFolder(place, { metadata: tree.isFrozen ? {} : metadata, signal: call.signal })
  else await vfs.link(place, made, { replaces: true, signal: call.signal })
  dead.copyWithin(call.path, target)
  await vfs.sync()
  return { status: present === undefined ? 201 : 204 }
}

/** MOVE. */
export async function move(call: DavCall): Promise<DavAnswer> {
  const { vfs, dead, locks } = call.share
  const node = await call.require()
  const from = await call.placeOf(call.path)
  const tokens = await call.tokens()
  requireUnlocked(locks, call.path, { tokens, below: true, changesName: true })
  const { target, present, place } = await prepareTarget(call)
  if (isInWay(present, node)) await vfs.remove(place, { only: 'any', signal: call.signal })
  await vfs.rename(from, place, { signal: call.signal })
  dead.copyWithin(call.path, target)
  forget(call, call.path)
  await vfs.sync()
  return { status: present === undefined ? 201 : 204 }
}

/** PROPPATCH: all or nothing, in the order of the request. */
export async function proppatch(call: DavCall): Promise<DavAnswer> {
  const { locks, dead } = call.share
  const node = await call.require()
  requireUnlocked(locks, call.path, { tokens: await call.tokens(), changesName: false })
  const asked = await call.xml()
  if (asked?.namespace !== DAV || asked.name !== 'propertyupdate') throw new DavError(400)
  const changes = elementsOf(asked).flatMap((act) => {
    const properties = childOf(act, 'prop')
    return properties === undefined ? [] : elementsOf(properties).map((property) => ({ act: act.name, property }))
  })
  const fails = changes.some(({ property }) => isLive(property))
  const results = changes.map(({ act, property }) => {
    if (!fails && act === 'set') dead.set(call.path, property)
    if (!fails && act === 'remove') dead.remove(call.path, property)
    const status = !fails ? '200 OK' : isLive(property) ? '403 Forbidden' : '424 Failed Dependency'
    return `<D:propstat><D:prop>${tag(property)}</D:prop><D:status>HTTP/1.1 ${status}</D:status></D:propstat>`
  })
  return multistatus(call.path, node, results.join(''))
}

function multistatus(path: DavPath, node: VfsNode, content: string): DavAnswer {
  const href = escapeXml(hrefOf(path, node.kind === 'directory'))
  const response = `<D:response><D:href>${href}</D:href>${content}</D:response>`
  const body = `<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:">${response}</D:multistatus>`
  return { status: 207, headers: XML_HEADERS, body }
}

/** Where a copy goes. @throws DavError 400 without a path, 403 into itself, 409 without its folder, 412 and 423 */
async function prepareTarget(call: DavCall) {
  const header = call.header('destination')
  if (header === undefined) throw new DavError(400)
  // Another server's path is none of ours.
  const [, host] = /^https?:\/\/([^/]*)/i.exec(header) ?? []
  if (host !== undefined && host.toLowerCase() !== call.header('host')?.toLowerCase()) throw new DavError(502)
  const target = pathOf(header)
  if (isWithin(target, call.path) || isWithin(call.path, target)) throw new DavError(403)
  const place = await call.placeOf(target)
  const present = await call.find(target)
  if (present !== undefined && call.header('overwrite')?.toUpperCase() === 'F') throw new DavError(412)
  const tokens = await call.tokens()
  requireUnlocked(call.share.locks, target, { tokens, below: true, changesName: present === undefined })
  if (present !== undefined) forget(call, target)
  return { target, present, place }
}

/** Whether what stands at a target has to go first: a file takes the place of a file at once. */
function isInWay(present: VfsNode | undefined, node: VfsNode): boolean {
  return present !== undefined && (present.kind === 'directory' || node.kind === 'directory')
}

function forget({ share: { locks, dead } }: DavCall, path: DavPath): void {
  locks.removeWithin(path)
  dead.removeWithin(path)
}

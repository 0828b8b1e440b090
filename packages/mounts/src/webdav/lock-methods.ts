// Taking, keeping and giving back locks.
import { requireUnlocked } from './conditions.ts'
import { DavError } from './dav-error.ts'
import type { DavLock } from './locks.ts'
import { formatLock } from './properties.ts'
import { XML_HEADERS } from './read-methods.ts'
import type { DavAnswer, DavCall } from './share.ts'
import { childOf, elementsOf, formatXml } from './xml.ts'

/** LOCK: a new one, or without a body time anew for one that there is. What is not there is made, as an empty file. */
export async function lock(call: DavCall): Promise<DavAnswer> {
  const { vfs, locks } = call.share
  const asked = await call.xml()
  const tokens = await call.tokens()
  const seconds = secondsOf(call.header('timeout'))
  if (asked === undefined) {
    const held = locks.on(call.path).find(({ token }) => tokens.has(token))
    if (held === undefined) throw new DavError(412)
    locks.refresh(held, seconds)
    return answer(held, 200)
  }
  const wanted = childOf(asked, 'lockscope')
  const scope = wanted && elementsOf(wanted)[0]?.name
  if (scope !== 'exclusive' && scope !== 'shared') throw new DavError(400)
  const owner = childOf(asked, 'owner')
  const isDeep = call.header('depth') !== '0'
  const present = await call.find()
  const place = present === undefined ? await call.placeOf(call.path) : undefined
  if (place !== undefined) requireUnlocked(locks, call.path, { tokens, changesName: true })
  const added = locks.add(
    { path: call.path, isDeep, scope, owner: owner?.children.map(formatXml).join('') ?? '' },
    seconds,
  )
  if (place === undefined) return answer(added, 200)
  try {
    await vfs.makeFile(place, { metadata: call.metadata(), signal: call.signal })
    await vfs.sync()
  } catch (error) {
    locks.remove(added.token)
    throw error
  }
  return answer(added, 201)
}

/** UNLOCK. */
export async function unlock(call: DavCall): Promise<DavAnswer> {
  const token = /^\s*<([^>]*)>\s*$/.exec(call.header('lock-token') ?? '')?.[1]
  if (token === undefined) throw new DavError(400)
  const { locks } = call.share
  if (!locks.on(call.path).some((held) => held.token === token))
    throw new DavError(409, 'lock-token-matches-request-uri')
  locks.remove(token)
  return { status: 204 }
}

function answer(held: DavLock, status: number): DavAnswer {
  const body = `<?xml version="1.0" encoding="utf-8"?>\n<D:prop xmlns:D="DAV:"><D:lockdiscovery>${formatLock(held)}</D:lockdiscovery></D:prop>`
  return { status, headers: { ...XML_HEADERS, 'Lock-Token': `<${held.token}>` }, body }
}

function secondsOf(header: string | undefined): number | undefined {
  const seconds = /Second-(\d{1,9})/i.exec(header ?? '')?.[1]
  return seconds === undefined ? undefined : Number(seconds)
}

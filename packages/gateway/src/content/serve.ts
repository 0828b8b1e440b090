// What a path leads to, in the form that was asked for.
import { decodeUnixFS, findNode, isCairnError, isFile, type Block, type FoundPath } from '@cairn/core'
import type { GatewayAnswer } from './answer.ts'
import type { GatewayBackend } from '../backend.ts'
import { failingWith, HttpFailure } from './failure.ts'
import { findRedirect } from '../host/redirects-file.ts'
import { REDIRECTS_BYTES_MAX } from '../limits.ts'
import { decodePath, parseTarget } from '../request/target.ts'
import { cacheControl, type ContentCall } from './call.ts'
import { carParameters, serveCar } from './car.ts'
import { formatOfCodec, isInFormat, isValueFormat, serveFileAs, serveValue } from './codec.ts'
import { serveDirectory } from './directory.ts'
import { beginOf, serveFile } from './file.ts'
import { serveRaw } from './raw.ts'
import { serveTar } from './tar.ts'

/** Multicodec codes of what is read as UnixFS. */
const UNIXFS_CODES: ReadonlySet<number> = new Set([0x55, 0x70])

/** Name of the file that tells what becomes of missing paths. */
const REDIRECTS_FILE = '_redirects'

/** The answer to a request for content. @throws HttpFailure, and what reading throws */
export async function serveContent(call: ContentCall, backend: GatewayBackend): Promise<GatewayAnswer> {
  const { wanted, request, path, reader, signal } = call
  if (wanted.format === 'ipns-record')
    throw new HttpFailure(400, 'An IPNS record can be had of a name alone: /ipns/NAME')
  if (isOnlyIfCached(request.headers.get('cache-control')) && !(await backend.has(path.root)))
    throw new HttpFailure(412, `The gateway does not have ${path.root}`)
  if (wanted.format === 'car') carParameters(call)
  let found: FoundPath
  try {
    found = await failingWith({ INVALID: 404 }, () => findNode(reader, path, { signal }))
  } catch (error) {
    const redirected = isMissing(error) ? await serveRedirect(call, backend) : undefined
    if (redirected === undefined) throw error
    return redirected
  }
  if (found.remainder.length > 0)
    throw new HttpFailure(501, `The path goes on inside of the block ${found.cid}, which a gateway does not look into`)
  if (wanted.format === 'car') return serveCar(call, found)
  if (wanted.format === 'raw') return serveRaw(call, found)
  return serveBlock(call, backend, found)
}

/** What the site says of a path that it lacks. Only where the root has an origin of its own, and whose paths nobody else shares. */
async function serveRedirect(call: ContentCall, backend: GatewayBackend): Promise<GatewayAnswer | undefined> {
  const { names, path, reader, rootUrl, signal, status, target, wanted } = call
  if (rootUrl !== '' || status !== undefined || (wanted.format !== undefined && !wanted.takesAnything)) return undefined
  const site = path.names.slice(0, path.names.length - names.length)
  const file = await findNode(reader, { ...path, names: [...site, REDIRECTS_FILE] }, { signal }).catch(
    (error: unknown) => {
      if (!isCairnError(error, 'NOT_FOUND') && !isCairnError(error, 'INVALID')) throw error
    },
  )
  if (file === undefined) return undefined
  const node = decodeUnixFS(await reader.get(file.cid, { signal }))
  if (!isFile(node)) return undefined
  const redirect = findRedirect(await beginOf(call, node, REDIRECTS_BYTES_MAX + 1), { names, query: target.query })
  if (redirect === undefined) return undefined
  if (redirect.status >= 300 && redirect.status < 400)
    return { status: redirect.status, headers: { ...cacheControl(call), Location: redirect.to } }
  const to = parseTarget(redirect.to)
  const below = decodePath(to.path)
  const toCall = {
    ...call,
    ...below,
    target: to,
    path: { ...path, names: [...site, ...below.names] },
    status: redirect.status,
  }
  return serveContent(toCall, backend)
}

function isMissing(error: unknown): boolean {
  return isCairnError(error, 'NOT_FOUND') || (error instanceof HttpFailure && error.status === 404)
}

async function serveBlock(call: ContentCall, backend: GatewayBackend, found: FoundPath): Promise<GatewayAnswer> {
  const { wanted, reader, signal } = call
  const block = await reader.get(found.cid, { urgent: true, signal })
  const own = formatOfCodec(block.cid.code)
  if (wanted.format === 'tar') {
    if (own !== undefined) throw new HttpFailure(406, 'Only files and directories can be archived')
    decodeUnixFS(block)
    return serveTar(call, found, backend)
  }
  // Who takes anything as well is not refused for having named something else first.
  const mismatch = isValueFormat(wanted.format) && !isInFormat(block.cid.code, wanted.format)
  const plain = mismatch && wanted.takesAnything ? { ...call, wanted: { ...wanted, format: undefined } } : call
  if (own !== undefined) return serveValue(plain, found, block)
  if (!UNIXFS_CODES.has(block.cid.code))
    throw new HttpFailure(406, `The gateway cannot look into ${block.cid}: it can be had with format=raw`)
  return plain.wanted.format === undefined ? serveUnixFS(plain, found, block) : serveFileAs(plain, found, block)
}

function serveUnixFS(call: ContentCall, found: FoundPath, block: Block): Promise<GatewayAnswer> {
  const node = call.nodes.decode(block)
  const { type } = node.data
  if (type === 'directory' || type === 'hamt-shard') return serveDirectory(call, found)
  if (type === 'symlink' || isFile(node)) return serveFile(call, found, { node })
  throw new HttpFailure(406, `The content is ${type}, which no browser understands: it can be had with format=raw`)
}

function isOnlyIfCached(header: string | null): boolean {
  return header !== null && header.split(',').some((part) => part.trim().toLowerCase() === 'only-if-cached')
}

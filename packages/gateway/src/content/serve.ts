// What a path leads to, in the form that was asked for.
import { decodeUnixFS, findNode, isFile, type Block, type FoundPath } from '@cairn/core'
import type { GatewayAnswer } from './answer.ts'
import type { GatewayBackend } from '../backend.ts'
import { failingWith, HttpFailure } from './failure.ts'
import type { ContentCall } from './call.ts'
import { carParameters, serveCar } from './car.ts'
import { formatOfCodec, isInFormat, isValueFormat, serveFileAs, serveValue } from './codec.ts'
import { serveDirectory } from './directory.ts'
import { serveFile } from './file.ts'
import { serveRaw } from './raw.ts'
import { serveTar } from './tar.ts'

/** Multicodec codes of what is read as UnixFS. */
const UNIXFS_CODES: ReadonlySet<number> = new Set([0x55, 0x70])

/** The answer to a request for content. @throws HttpFailure, and what reading throws */
export async function serveContent(call: ContentCall, backend: GatewayBackend): Promise<GatewayAnswer> {
  const { wanted, request, path, reader, signal } = call
  if (wanted.format === 'ipns-record')
    throw new HttpFailure(400, 'An IPNS record can be had of a name alone: /ipns/NAME')
  if (isOnlyIfCached(request.headers.get('cache-control')) && !(await backend.has(path.root)))
    throw new HttpFailure(412, `The gateway does not have ${path.root}`)
  if (wanted.format === 'car') carParameters(call)
  const found = await failingWith({ INVALID: 404 }, () => findNode(reader, path, { signal }))
  if (found.remainder.length > 0)
    throw new HttpFailure(501, `The path goes on inside of the block ${found.cid}, which a gateway does not look into`)
  if (wanted.format === 'car') return serveCar(call, found)
  if (wanted.format === 'raw') return serveRaw(call, found)
  return serveBlock(call, backend, found)
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
  const node = decodeUnixFS(block)
  const { type } = node.data
  if (type === 'directory' || type === 'hamt-shard') return serveDirectory(call, found)
  if (type === 'symlink' || isFile(node)) return serveFile(call, found, { node })
  throw new HttpFailure(406, `The content is ${type}, which no browser understands: it can be had with format=raw`)
}

function isOnlyIfCached(header: string | null): boolean {
  return header !== null && header.split(',').some((part) => part.trim().toLowerCase() === 'only-if-cached')
}

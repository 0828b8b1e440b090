// One request of a share: what it is about, what it has the right to change, and how it is answered.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { bodyBytes, ended, written, type HttpLimits } from '@cairn/http'
import type { Metadata } from '@cairn/core'
import { DAV_XML_BYTES_MAX } from '../limits.ts'
import type { Room } from '../fuse/operations.ts'
import type { Vfs } from '../vfs/vfs.ts'
import type { VfsPlace } from '../vfs/vfs-options.ts'
import type { VfsFolder, VfsNode } from '../vfs/vfs-node.ts'
import { submittedTokens } from './conditions.ts'
import { DavError } from './dav-error.ts'
import type { DavPath } from './dav-path.ts'
import type { Locks } from './locks.ts'
import type { DeadProperties } from './properties.ts'
import { parseXml, type XmlElement } from './xml.ts'

/** What all requests of a share have in common. */
export interface Share {
  readonly vfs: Vfs
  /** The folder that is shared. */
  readonly root: VfsFolder
  readonly locks: Locks
  readonly dead: DeadProperties
  readonly room: () => Promise<Room>
  readonly limits: HttpLimits
}

/** What an answer has, without a body of its own. */
export interface DavAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | number>>
  readonly body?: string
}

/** One request. */
export class DavCall {
  readonly share: Share
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly path: DavPath
  readonly signal: AbortSignal

  constructor(
    share: Share,
    call: { readonly request: IncomingMessage; readonly response: ServerResponse; readonly signal: AbortSignal },
    path: DavPath,
  ) {
    this.share = share
    this.request = call.request
    this.response = call.response
    this.signal = call.signal
    this.path = path
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }

  /** What stands at a path. */
  async find(path: DavPath = this.path): Promise<VfsNode | undefined> {
    let node: VfsNode | undefined = this.share.root
    for (const name of path) {
      if (node?.kind !== 'directory') return undefined
      node = await this.share.vfs.lookup(node, name, this)
    }
    return node
  }

  /** @throws DavError 404 */
  async require(): Promise<VfsNode> {
    const node = await this.find()
    if (node === undefined) throw new DavError(404)
    return node
  }

  /** The place of a name that may come. @throws DavError 409 without its folder, 403 for the share itself */
  async placeOf(path: DavPath): Promise<VfsPlace> {
    const name = path.at(-1)
    if (name === undefined) throw new DavError(403)
    const folder = await this.find(path.slice(0, -1))
    if (folder?.kind !== 'directory') throw new DavError(409)
    return { folder, name }
  }

  /** The ETag of a file: its CID. */
  async etagOf(node: VfsNode | undefined): Promise<string | undefined> {
    return node?.kind === 'file' ? `"${(await this.share.vfs.entryOf(node)).cid}"` : undefined
  }

  /** Tokens of locks that it brings along. @throws as `submittedTokens` */
  tokens(): Promise<ReadonlySet<string>> {
    const etagAt = async (path: DavPath): Promise<string | undefined> => this.etagOf(await this.find(path))
    return submittedTokens(this.header('if'), this.path, { locks: this.share.locks, etagAt })
  }

  /** What new files and folders say of themselves. Source of X-OC-Mtime: ownCloud, taken by rclone. */
  metadata(): Metadata {
    const seconds = this.header('x-oc-mtime')
    if (seconds === undefined || !/^\d{1,12}$/.test(seconds)) return { mtime: this.share.vfs.now() }
    return { mtime: { seconds: BigInt(seconds), nanoseconds: 0 } }
  }

  /** The bytes of its body. */
  body(): AsyncGenerator<Uint8Array> {
    return bodyBytes(this.request, { signal: this.signal, idleTimeoutMs: this.share.limits.idleTimeoutMs })
  }

  /** Its body as XML, `undefined` for none. @throws DavError 400, 413 */
  async xml(): Promise<XmlElement | undefined> {
    const parts: Uint8Array[] = []
    let bytes = 0
    for await (const part of this.body()) {
      bytes += part.length
      if (bytes > DAV_XML_BYTES_MAX) throw new DavError(413)
      parts.push(part)
    }
    const text = Buffer.concat(parts).toString('utf8')
    return text.trim() === '' ? undefined : parseXml(text)
  }

  /** Writes one piece of an answer. */
  async write(bytes: Uint8Array | string): Promise<void> {
    await written(this.response, bytes, this.share.limits.idleTimeoutMs)
  }

  async end(): Promise<void> {
    await ended(this.response, this.share.limits.idleTimeoutMs)
  }
}

// What each request of the kernel means for the file system. An operation gives the parts of its answer.
import type { Metadata } from '@cairn/core'
import type { Vfs } from '../vfs/vfs.ts'
import type { VfsPlace } from '../vfs/vfs-options.ts'
import type { VfsFile, VfsFolder, VfsNode } from '../vfs/vfs-node.ts'
import { FROZEN_SECONDS, MUTABLE_SECONDS, NAME_BYTES_MAX } from '../limits.ts'
import { Errno } from './errno.ts'
import { Handles } from './handles.ts'
import { KernelNodes } from './kernel-nodes.ts'
import {
  absentAnswer,
  attributesAnswer,
  entryAnswer,
  KIND,
  listed,
  listedBytes,
  OP,
  OPEN,
  openAnswer,
  REQUEST_HEAD_BYTES,
  SET,
  statfsAnswer,
  textAt,
  u64,
  writeAnswer,
  type Attributes,
} from './protocol.ts'

/** Room of the file system, in bytes. */
export interface Room {
  readonly total: number
  readonly free: number
}

/** What a mount shows. */
export interface MountParts {
  readonly vfs: Vfs
  readonly root: VfsFolder
  readonly room: () => Promise<Room>
}

/** One request: its node, its bytes, and what ends it early. */
export interface Call {
  readonly op: number
  readonly node: number
  /** The whole request, in memory that is the call's own. */
  readonly bytes: Buffer
  readonly signal: AbortSignal
}

type Answer = readonly Uint8Array[]
type Operation = (call: Call) => Answer | Promise<Answer>

/** Permissions of what says nothing of them. */
const MODE = { directory: 0o755, file: 0o644, symlink: 0o777 } as const
/** Types of entries in a listing. Source: readdir(3). */
const TYPE = { unknown: 0, directory: 4, file: 8, symlink: 10 } as const
const RAW_CODE = 0x55
/** Flags of open(2) that count here. */
const O = { access: 3, truncate: 0o1000 } as const
/** Flags of rename. */
const RENAME_NOREPLACE = 1
/** Flag of a write: setuid and setgid end with it. */
const WRITE_KILL_SUIDGID = 4
/** Name of the extended attribute that has the CID. */
const CID_ATTRIBUTE = 'cairn.cid'
const NOTHING: Answer = []

/** The operations of one mount. */
export class Operations {
  readonly nodes: KernelNodes
  readonly #vfs: Vfs
  readonly #handles: Handles
  readonly #room: MountParts['room']
  readonly #owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  readonly #table: ReadonlyMap<number, Operation>

  constructor({ vfs, root, room }: MountParts) {
    this.#vfs = vfs
    this.#room = room
    this.nodes = new KernelNodes(vfs, root)
    this.#handles = new Handles(vfs)
    this.#table = new Map<number, Operation>([
      [OP.lookup, (call) => this.#lookup(call)],
      [OP.getattr, (call) => this.#attributes(this.nodes.get(call.node))],
      [OP.setattr, (call) => this.#setAttributes(call)],
      [OP.readlink, (call) => this.#readLink(call)],
      [OP.symlink, (call) => this.#makeLink(call)],
      [OP.mknod, (call) => this.#makeNode(call)],
      [OP.mkdir, (call) => this.#makeFolder(call)],
      [OP.unlink, (call) => this.#remove(call, 'file')],
      [OP.rmdir, (call) => this.#remove(call, 'folder')],
      [OP.rename, (call) => this.#rename(call, { names: 48, flags: 0 })],
      [OP.rename2, (call) => this.#rename(call, { names: 56, flags: call.bytes.readUInt32LE(48) })],
      [OP.link, () => fail('EPERM')],
      [OP.open, (call) => this.#open(call)],
      [OP.create, (call) => this.#create(call)],
      [OP.read, (call) => this.#read(call)],
      [OP.write, (call) => this.#write(call)],
      [OP.statfs, () => this.#statfs()],
      [OP.release, (call) => this.#release(call)],
      [OP.flush, () => NOTHING],
      [OP.fsync, () => this.#sync()],
      [OP.fsyncdir, () => this.#sync()],
      [OP.fallocate, (call) => this.#allocate(call)],
      [OP.getxattr, (call) => this.#getXattr(call)],
      [OP.listxattr, (call) => sized(call, Buffer.alloc(0))],
      [OP.setxattr, () => fail('EOPNOTSUPP')],
      [OP.removexattr, () => fail('ENODATA')],
      [OP.opendir, (call) => this.#openFolder(call)],
      [OP.readdir, (call) => this.#list(call, false)],
      [OP.readdirplus, (call) => this.#list(call, true)],
      [OP.releasedir, (call) => this.#releaseFolder(call)],
    ])
  }

  /** The parts of the answer. @throws Errno ENOSYS for what there is not, else as the file system */
  async run(call: Call): Promise<Answer> {
    const operation = this.#table.get(call.op)
    return operation === undefined ? fail('ENOSYS') : operation(call)
  }

  async close(): Promise<void> {
    await this.#handles.closeAll()
    this.nodes.clear()
  }

  async #lookup(call: Call): Promise<Answer> {
    const { folder, name } = this.#placeAt(call, REQUEST_HEAD_BYTES)
    const node = await this.#vfs.lookup(folder, name, call)
    if (node !== undefined) return [this.#entry(node)]
    // Where nothing changes, a name that is missing stays so.
    return folder.tree.isFrozen && folder.saved !== undefined ? [absentAnswer(FROZEN_SECONDS)] : fail('ENOENT')
  }

  async #setAttributes({ node: id, bytes, signal }: Call): Promise<Answer> {
    const node = this.nodes.get(id)
    const valid = bytes.readUInt32LE(40)
    if ((valid & SET.uid) !== 0 && bytes.readUInt32LE(116) !== this.#owner.uid) fail('EPERM')
    if ((valid & SET.gid) !== 0 && bytes.readUInt32LE(120) !== this.#owner.gid) fail('EPERM')
    const time = { seconds: bytes.readBigInt64LE(80), nanoseconds: bytes.readUInt32LE(100) }
    const changes = {
      size: (valid & SET.size) === 0 ? undefined : u64(bytes, 56),
      mode: (valid & SET.mode) === 0 ? undefined : bytes.readUInt32LE(108) & 0o7777,
      mtime: (valid & SET.mtimeNow) !== 0 ? this.#vfs.now() : (valid & SET.mtime) !== 0 ? time : undefined,
    }
    if (changes.size !== undefined || changes.mode !== undefined || changes.mtime !== undefined)
      await this.#vfs.change(node, changes, { origin: this, signal })
    return this.#attributes(node)
  }

  #readLink({ node: id }: Call): Answer {
    const node = this.nodes.get(id)
    return node.kind === 'symlink' ? [Buffer.from(node.target)] : fail('EINVAL')
  }

  async #makeLink(call: Call): Promise<Answer> {
    const { text: name, end } = textAt(call.bytes, REQUEST_HEAD_BYTES)
    const { text: target } = textAt(call.bytes, end)
    if (name === undefined || target === undefined) return fail('EILSEQ')
    const place = { folder: this.#folder(call.node), name }
    return [this.#entry(await this.#vfs.makeLink(place, target, this.#made({ mtime: this.#vfs.now() }, call)))]
  }

  async #makeNode(call: Call): Promise<Answer> {
    const mode = call.bytes.readUInt32LE(40)
    if ((mode & KIND.mask) !== KIND.file && (mode & KIND.mask) !== 0) return fail('EPERM')
    return [this.#entry(await this.#vfs.makeFile(this.#placeAt(call, 56), this.#made(this.#newFile(mode), call)))]
  }

  async #makeFolder(call: Call): Promise<Answer> {
    const metadata = { mode: call.bytes.readUInt32LE(40) & 0o7777, mtime: this.#vfs.now() }
    return [this.#entry(await this.#vfs.makeFolder(this.#placeAt(call, 48), this.#made(metadata, call)))]
  }

  async #remove(call: Call, only: 'file' | 'folder'): Promise<Answer> {
    await this.#vfs.remove(this.#placeAt(call, REQUEST_HEAD_BYTES), { only, origin: this, signal: call.signal })
    return NOTHING
  }

  async #rename(call: Call, { names, flags }: { readonly names: number; readonly flags: number }): Promise<Answer> {
    if ((flags & ~RENAME_NOREPLACE) !== 0) return fail('EINVAL')
    const { text: name, end } = textAt(call.bytes, names)
    const { text: newName } = textAt(call.bytes, end)
    if (name === undefined || newName === undefined) return fail('EILSEQ')
    const to = { folder: this.#folder(u64(call.bytes, 40)), name: newName }
    const options = { replaces: (flags & RENAME_NOREPLACE) === 0, origin: this, signal: call.signal }
    await this.#vfs.rename({ folder: this.#folder(call.node), name }, to, options)
    return NOTHING
  }

  async #open({ node: id, bytes, signal }: Call): Promise<Answer> {
    const file = this.#file(id)
    const flags = bytes.readUInt32LE(40)
    const writes = (flags & O.access) !== 0
    if ((flags & O.truncate) !== 0) await this.#vfs.change(file, { size: 0 }, { origin: this, signal })
    return [openAnswer(this.#handles.openFile(file, { writes }), OPEN.keepCache)]
  }

  async #create(call: Call): Promise<Answer> {
    const metadata = this.#newFile(call.bytes.readUInt32LE(44))
    const file = await this.#vfs.makeFile(this.#placeAt(call, 56), this.#made(metadata, call))
    const handle = this.#handles.openFile(file, { writes: true })
    return [this.#entry(file), openAnswer(handle, OPEN.keepCache)]
  }

  async #read({ bytes, signal }: Call): Promise<Answer> {
    const { file, key } = this.#handles.file(u64(bytes, 40))
    const piece = { offset: u64(bytes, 48), length: bytes.readUInt32LE(56) }
    return [await this.#vfs.read(file, piece, { key, signal })]
  }

  async #write({ bytes, signal }: Call): Promise<Answer> {
    const { file } = this.#handles.file(u64(bytes, 40))
    const length = bytes.readUInt32LE(56)
    const content = bytes.subarray(80, 80 + length)
    await this.#vfs.write(file, { offset: u64(bytes, 48), bytes: content }, { origin: this, signal })
    const { mode } = file.metadata
    if ((bytes.readUInt32LE(60) & WRITE_KILL_SUIDGID) !== 0 && mode !== undefined && (mode & 0o6000) !== 0)
      await this.#vfs.change(file, { mode: mode & ~0o6000 }, { origin: this, signal })
    return [writeAnswer(length)]
  }

  async #statfs(): Promise<Answer> {
    return [statfsAnswer({ ...(await this.#room()), nameMax: NAME_BYTES_MAX })]
  }

  #release({ bytes }: Call): Answer {
    this.#handles.closeFile(u64(bytes, 40))
    return NOTHING
  }

  async #sync(): Promise<Answer> {
    await this.#vfs.sync()
    return NOTHING
  }

  async #allocate({ bytes, signal }: Call): Promise<Answer> {
    const { file } = this.#handles.file(u64(bytes, 40))
    if (bytes.readUInt32LE(64) !== 0) return fail('EOPNOTSUPP')
    const end = u64(bytes, 48) + u64(bytes, 56)
    if (end > file.size) await this.#vfs.change(file, { size: end }, { origin: this, signal })
    return NOTHING
  }

  async #getXattr(call: Call): Promise<Answer> {
    const { text: name } = textAt(call.bytes, 48)
    if (name !== CID_ATTRIBUTE) return fail('ENODATA')
    const { cid } = await this.#vfs.entryOf(this.nodes.get(call.node))
    return sized(call, Buffer.from(`${cid}`))
  }

  #openFolder({ node: id }: Call): Answer {
    const folder = this.#folder(id)
    const isKept = folder.tree.isFrozen && folder.saved !== undefined
    const flags = isKept ? OPEN.keepCache | OPEN.cacheDirectory : 0
    return [openAnswer(this.#handles.openListing(folder), flags)]
  }

  async #list({ node: id, bytes, signal }: Call, withNode: boolean): Promise<Answer> {
    const listing = this.#handles.listing(u64(bytes, 40))
    const size = bytes.readUInt32LE(56)
    const parts: Buffer[] = []
    let [offset, used] = [u64(bytes, 48), 0]
    const put = (name: string, node: VfsNode | undefined, type: number): boolean => {
      const raw = Buffer.from(name)
      if (used + listedBytes(raw, withNode) > size) return false
      offset++
      const isTold = withNode && node !== undefined && name !== '.' && name !== '..'
      const entry = isTold ? this.#entry(node) : Buffer.alloc(128)
      const place = { id: node === undefined ? 0xffff_ffff : this.nodes.idOf(node), offset, type, name: raw }
      parts.push(listed(place, withNode ? entry : undefined))
      used += listedBytes(raw, withNode)
      return true
    }
    for (const name of ['.', '..'].slice(offset)) if (!put(name, this.nodes.get(id), TYPE.directory)) return parts
    await listing.seek(offset - 2, signal)
    for (;;) {
      const next = await listing.peek({ withNode, signal })
      if (next === undefined) return parts
      const { entry, node } = next
      const type =
        node === undefined ? (entry.entry?.cid.code === RAW_CODE ? TYPE.file : TYPE.unknown) : TYPE[node.kind]
      if (!put(entry.name, node, type)) return parts
      listing.take()
    }
  }

  async #releaseFolder({ bytes }: Call): Promise<Answer> {
    await this.#handles.closeListing(u64(bytes, 40))
    return NOTHING
  }

  #attributes(node: VfsNode): Answer {
    return [attributesAnswer(this.#attributesOf(node), secondsFor(node))]
  }

  #entry(node: VfsNode): Buffer {
    this.nodes.tell(node)
    const seconds = secondsFor(node)
    return entryAnswer(this.#attributesOf(node), { entrySeconds: seconds, attributeSeconds: seconds })
  }

  #attributesOf(node: VfsNode): Attributes {
    const { mode = MODE[node.kind], mtime } = node.metadata
    const size = node.kind === 'file' ? node.size : node.kind === 'symlink' ? Buffer.byteLength(node.target) : 0
    return { id: this.nodes.idOf(node), size, mode: KIND[node.kind] | mode, mtime, ...this.#owner }
  }

  #newFile(mode: number): Metadata {
    return { mode: mode & 0o7777, mtime: this.#vfs.now() }
  }

  #made(metadata: Metadata, { signal }: Call) {
    return { metadata, origin: this, signal }
  }

  #placeAt(call: Call, at: number): VfsPlace {
    const { text: name } = textAt(call.bytes, at)
    return name === undefined ? fail('EILSEQ') : { folder: this.#folder(call.node), name }
  }

  #folder(id: number): VfsFolder {
    const node = this.nodes.get(id)
    return node.kind === 'directory' ? node : fail('ENOTDIR')
  }

  #file(id: number): VfsFile {
    const node = this.nodes.get(id)
    return node.kind === 'file' ? node : fail('EISDIR')
  }
}

function secondsFor(node: VfsNode): number {
  return node.tree.isFrozen ? FROZEN_SECONDS : MUTABLE_SECONDS
}

/** The value of an attribute, or its length when the kernel has no room for it yet. */
function sized({ bytes }: Call, value: Buffer): Answer {
  const room = bytes.readUInt32LE(40)
  if (room === 0) {
    const answer = Buffer.alloc(8)
    answer.writeUInt32LE(value.length, 0)
    return [answer]
  }
  return value.length > room ? fail('ERANGE') : [value]
}

function fail(name: ConstructorParameters<typeof Errno>[0]): never {
  throw new Errno(name)
}

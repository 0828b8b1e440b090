// The kernel's side of FUSE as bytes: numbers and layouts of version 7.38. Source: Linux, include/uapi/linux/fuse.h. All
// integers are little-endian, as on every machine that Cairn runs on.
import type { Metadata } from '@cairn/core'

/** Numbers of requests. */
export const OP = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  setattr: 4,
  readlink: 5,
  symlink: 6,
  mknod: 8,
  mkdir: 9,
  unlink: 10,
  rmdir: 11,
  rename: 12,
  link: 13,
  open: 14,
  read: 15,
  write: 16,
  statfs: 17,
  release: 18,
  fsync: 20,
  setxattr: 21,
  getxattr: 22,
  listxattr: 23,
  removexattr: 24,
  flush: 25,
  init: 26,
  opendir: 27,
  readdir: 28,
  releasedir: 29,
  fsyncdir: 30,
  create: 35,
  interrupt: 36,
  destroy: 38,
  batchForget: 42,
  fallocate: 43,
  readdirplus: 44,
  rename2: 45,
} as const

/** Bits of what both sides can do. */
const CAN = {
  asyncRead: 1 << 0,
  atomicTruncate: 1 << 3,
  bigWrites: 1 << 5,
  readdirPlus: 1 << 13,
  readdirPlusAuto: 1 << 14,
  parallelDirectories: 1 << 18,
  abortError: 1 << 21,
  maxPages: 1 << 22,
  cacheSymlinks: 1 << 23,
  killPrivileges2: 1 << 28,
  initExtended: 1 << 30,
} as const
/** In the second word of bits. */
const CAN_2 = { requestTimeout: 1 << 10 } as const

/** Bits of `valid` in a request that sets attributes. */
export const SET = { mode: 1, uid: 2, gid: 4, size: 8, mtime: 32, mtimeNow: 256 } as const

/** Bits of the answer to an open: the kernel's pages stay; listings are kept as well. */
export const OPEN = { keepCache: 2, cacheDirectory: 8 } as const

/** Bits of `mode` that say what a node is. */
export const KIND = { file: 0o100000, directory: 0o040000, symlink: 0o120000, mask: 0o170000 } as const

/** Bytes of the head of a request, and of an answer. */
export const REQUEST_HEAD_BYTES = 40
const ANSWER_HEAD_BYTES = 16

/** What a request begins with: length, operation, number, node, user, group, process. */
export interface RequestHead {
  readonly op: number
  readonly unique: bigint
  readonly node: number
}

export function requestHead(bytes: Buffer): RequestHead {
  return { op: bytes.readUInt32LE(4), unique: bytes.readBigUInt64LE(8), node: Number(bytes.readBigUInt64LE(16)) }
}

/** A number of 64 bits; none that counts here is beyond 2^53. */
export function u64(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at))
}

/** The text up to the next NUL from `start`, or `undefined` when it is not UTF-8. */
export function textAt(bytes: Buffer, start: number): { readonly text: string | undefined; readonly end: number } {
  const end = bytes.indexOf(0, start)
  const raw = bytes.subarray(start, end)
  const text = raw.toString('utf8')
  return { text: Buffer.from(text).equals(raw) ? text : undefined, end: end + 1 }
}

/** The answer's head before `payload`. `errno` is 0 for success. */
export function answerHead(unique: bigint, errno: number, payloadBytes: number): Buffer {
  const head = Buffer.allocUnsafe(ANSWER_HEAD_BYTES)
  head.writeUInt32LE(ANSWER_HEAD_BYTES + payloadBytes, 0)
  head.writeInt32LE(-errno, 4)
  head.writeBigUInt64LE(unique, 8)
  return head
}

/** What is agreed on when a mount begins. */
export interface Agreement {
  readonly writeBytesMax: number
  /** Seconds after which the kernel gives up an answer, where it can. */
  readonly timeoutSeconds: number
}

/** The answer to the first request: what of our wishes the kernel can do. */
export function initAnswer(request: Buffer, { writeBytesMax, timeoutSeconds }: Agreement): Buffer {
  const [minor, offered] = [request.readUInt32LE(44), request.readUInt32LE(52)]
  const wanted =
    CAN.asyncRead |
    CAN.atomicTruncate |
    CAN.bigWrites |
    CAN.readdirPlus |
    CAN.readdirPlusAuto |
    CAN.parallelDirectories |
    CAN.abortError |
    CAN.maxPages |
    CAN.cacheSymlinks |
    CAN.killPrivileges2 |
    CAN.initExtended
  const isExtended = (offered & CAN.initExtended) !== 0 && request.length >= 60
  const offered2 = isExtended ? request.readUInt32LE(56) : 0
  const answer = Buffer.alloc(64)
  answer.writeUInt32LE(7, 0)
  answer.writeUInt32LE(Math.min(minor, 38), 4)
  answer.writeUInt32LE(writeBytesMax, 8)
  answer.writeUInt32LE((wanted & offered) >>> 0, 12)
  // Requests in the background at most, and from which number on the kernel holds back.
  answer.writeUInt16LE(64, 16)
  answer.writeUInt16LE(48, 18)
  answer.writeUInt32LE(writeBytesMax, 20)
  // Times are exact to the nanosecond.
  answer.writeUInt32LE(1, 24)
  answer.writeUInt16LE(Math.ceil(writeBytesMax / 4096), 28)
  if ((offered2 & CAN_2.requestTimeout) !== 0) {
    answer.writeUInt32LE(CAN_2.requestTimeout, 32)
    answer.writeUInt16LE(Math.min(timeoutSeconds, 65_535), 40)
  }
  return answer
}

/** What the kernel is told of a node. */
export interface Attributes {
  readonly id: number
  readonly size: number
  /** Kind and permissions. */
  readonly mode: number
  readonly mtime: Metadata['mtime']
  readonly uid: number
  readonly gid: number
}

/** Seconds for which the kernel may believe something. */
export interface Validity {
  readonly entrySeconds: number
  readonly attributeSeconds: number
}

/** A name's node. */
export function entryAnswer(attributes: Attributes, validity: Validity): Buffer {
  const answer = Buffer.alloc(128)
  answer.writeBigUInt64LE(BigInt(attributes.id), 0)
  answer.writeBigUInt64LE(BigInt(validity.entrySeconds), 16)
  answer.writeBigUInt64LE(BigInt(validity.attributeSeconds), 24)
  writeAttributes(answer, 40, attributes)
  return answer
}

/** That a name has no node, which the kernel may believe for a time. */
export function absentAnswer(entrySeconds: number): Buffer {
  const answer = Buffer.alloc(128)
  answer.writeBigUInt64LE(BigInt(entrySeconds), 16)
  return answer
}

export function attributesAnswer(attributes: Attributes, seconds: number): Buffer {
  const answer = Buffer.alloc(104)
  answer.writeBigUInt64LE(BigInt(seconds), 0)
  writeAttributes(answer, 16, attributes)
  return answer
}

export function openAnswer(handle: number, flags: number): Buffer {
  const answer = Buffer.alloc(16)
  answer.writeBigUInt64LE(BigInt(handle), 0)
  answer.writeUInt32LE(flags, 8)
  return answer
}

export function writeAnswer(bytes: number): Buffer {
  const answer = Buffer.alloc(8)
  answer.writeUInt32LE(bytes, 0)
  return answer
}

/** Room in bytes, in units of 4 KiB. */
export function statfsAnswer({
  total,
  free,
  nameMax,
}: {
  readonly total: number
  readonly free: number
  readonly nameMax: number
}): Buffer {
  const answer = Buffer.alloc(80)
  const [blocks, unused] = [BigInt(Math.floor(total / 4096)), BigInt(Math.floor(free / 4096))]
  answer.writeBigUInt64LE(blocks, 0)
  answer.writeBigUInt64LE(unused, 8)
  answer.writeBigUInt64LE(unused, 16)
  answer.writeUInt32LE(4096, 40)
  answer.writeUInt32LE(nameMax, 44)
  answer.writeUInt32LE(4096, 48)
  return answer
}

/** One name in a listing; with `entry` before it where the kernel asked for attributes too. */
export function listed(
  {
    id,
    offset,
    type,
    name,
  }: { readonly id: number; readonly offset: number; readonly type: number; readonly name: Buffer },
  entry: Buffer | undefined,
): Buffer {
  const head = entry?.length ?? 0
  const bytes = Buffer.alloc(listedBytes(name, head > 0))
  entry?.copy(bytes, 0)
  bytes.writeBigUInt64LE(BigInt(id), head)
  bytes.writeBigUInt64LE(BigInt(offset), head + 8)
  bytes.writeUInt32LE(name.length, head + 16)
  bytes.writeUInt32LE(type, head + 20)
  name.copy(bytes, head + 24)
  return bytes
}

/** Bytes of one name in a listing: a multiple of 8. */
export function listedBytes(name: Buffer, hasEntry: boolean): number {
  return (hasEntry ? 128 : 0) + Math.ceil((24 + name.length) / 8) * 8
}

/** Tells the kernel that what it knows of a node, and of its content, may be wrong. */
export function nodeNotice(id: number, content: boolean): Buffer {
  const notice = Buffer.alloc(ANSWER_HEAD_BYTES + 24)
  writeNoticeHead(notice, 2)
  notice.writeBigUInt64LE(BigInt(id), 16)
  // A negative offset means the attributes alone.
  notice.writeBigInt64LE(content ? 0n : -1n, 24)
  return notice
}

/** Tells the kernel that a name may lead elsewhere. */
export function nameNotice(folder: number, name: string): Buffer {
  const text = Buffer.from(`${name}\0`)
  const notice = Buffer.alloc(ANSWER_HEAD_BYTES + 16 + text.length)
  writeNoticeHead(notice, 3)
  notice.writeBigUInt64LE(BigInt(folder), 16)
  notice.writeUInt32LE(text.length - 1, 24)
  text.copy(notice, 32)
  return notice
}

/** Notices are answers to no request, with a code in the place of an error. */
function writeNoticeHead(notice: Buffer, code: number): void {
  notice.writeUInt32LE(notice.length, 0)
  notice.writeInt32LE(code, 4)
}

function writeAttributes(target: Buffer, at: number, { id, size, mode, mtime, uid, gid }: Attributes): void {
  target.writeBigUInt64LE(BigInt(id), at)
  target.writeBigUInt64LE(BigInt(size), at + 8)
  target.writeBigUInt64LE(BigInt(Math.ceil(size / 512)), at + 16)
  // There is one time for all three: access, modification and change.
  for (let index = 0; index < 3; index++) {
    target.writeBigInt64LE(mtime?.seconds ?? 0n, at + 24 + 8 * index)
    target.writeUInt32LE(mtime?.nanoseconds ?? 0, at + 48 + 4 * index)
  }
  target.writeUInt32LE(mode, at + 60)
  // One link, for folders too: then nobody concludes from it how many folders are inside.
  target.writeUInt32LE(1, at + 64)
  target.writeUInt32LE(uid, at + 68)
  target.writeUInt32LE(gid, at + 72)
  target.writeUInt32LE(4096, at + 80)
}

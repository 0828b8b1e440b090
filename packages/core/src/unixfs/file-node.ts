// The bytes of a dag-pb node whose links have no names, as those of files: there is no order to prove, so it takes a tenth
// of the time that the general encoder takes, and a small write into a large file is mostly that. Field numbers: the
// specification of dag-pb; links come before data.
import type { PBLink } from '@ipld/dag-pb'

/** Tag bytes: the field's number times 8, plus 2 for bytes or 0 for a number. */
const TAG = { data: 0x0a, link: 0x12, hash: 0x0a, name: 0x12, tsize: 0x18 } as const

/** Encodes a node of these links and this message, or gives `undefined` when a link is not of the form that files have. */
export function encodeFileNode(message: Uint8Array, links: readonly PBLink[]): Uint8Array | undefined {
  const linkBytes: number[] = []
  let total = lengthBytes(message.length)
  for (const { Hash, Name, Tsize } of links) {
    if (Name !== '' || Tsize === undefined || !Number.isSafeInteger(Tsize) || Tsize < 0) return undefined
    // Behind the CID come the empty name and the size.
    const length = lengthBytes(Hash.bytes.length) + 3 + varintBytes(Tsize)
    linkBytes.push(length)
    total += lengthBytes(length)
  }
  const bytes = new Uint8Array(total)
  let at = 0
  for (const [index, { Hash, Tsize = 0 }] of links.entries()) {
    at = putTagged(bytes, at, { tag: TAG.link, value: linkBytes[index] ?? 0 })
    at = putTagged(bytes, at, { tag: TAG.hash, value: Hash.bytes.length })
    bytes.set(Hash.bytes, at)
    at = putTagged(bytes, at + Hash.bytes.length, { tag: TAG.name, value: 0 })
    at = putTagged(bytes, at, { tag: TAG.tsize, value: Tsize })
  }
  bytes.set(message, putTagged(bytes, at, { tag: TAG.data, value: message.length }))
  return bytes
}

/** Bytes of a field of `length` bytes: tag, length and content. */
function lengthBytes(length: number): number {
  return 1 + varintBytes(length) + length
}

function varintBytes(value: number): number {
  let count = 1
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) count++
  return count
}

/** Puts a tag and a number; gives the place behind them. */
function putTagged(
  bytes: Uint8Array,
  at: number,
  { tag, value }: { readonly tag: number; readonly value: number },
): number {
  bytes[at] = tag
  let end = at + 1
  let rest = value
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes[end++] = (rest % 0x80) | 0x80
  bytes[end++] = rest
  return end
}

// Content that both sides put and compare.
import { createCipheriv } from 'node:crypto'
import { PROFILES, readFile, type BlockReader, type EntryEvent } from '@cairn/core'
import type { Node } from '@cairn/node'
import { CID } from 'multiformats/cid'

/** Bytes of AES-128-CTR with `seed` as its key: the same each time, and no two parts alike. */
export function randomBytes(size: number, seed: number): Uint8Array {
  const key = Buffer.alloc(16)
  key.writeUInt32BE(seed)
  return Uint8Array.from(createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size)))
}

/**
 * Adds one file to a node of Cairn, and gives its CID as Helia takes it: Helia knows CIDs by the class in its own copy of
 * multiformats.
 */
export async function addFile(node: Node, bytes: Uint8Array): Promise<CID> {
  const content = async function* () {
    yield bytes
  }
  const settings = PROFILES['unixfs-v1-2025']
  let root: EntryEvent | undefined
  for await (const event of node.add({ name: 'file', source: { kind: 'file', content } }, { settings }))
    if (event.kind === 'entry') root = event
  if (root === undefined) throw new TypeError('an import ends with its root')
  return CID.parse(String(root.cid))
}

/** All bytes of a file, read by Cairn. */
export function readAll(blocks: BlockReader, cid: CID, signal?: AbortSignal): Promise<Uint8Array> {
  return joined(readFile(blocks, cid, { signal }))
}

/** All bytes of `parts`. */
export async function joined(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return Uint8Array.from(Buffer.concat(await Array.fromAsync(parts)))
}

// Entries in a tree of directories, by the names on the way to them: looking one up, and putting one there or taking it
// away, which makes the directories on the way anew.
import type { CID } from 'multiformats/cid'
import { createBlock } from '../block/block.ts'
import { DAG_PB_CODE } from '../block/codec.ts'
import { changeDirectory } from '../directory/change-directory.ts'
import { findEntry } from '../directory/find-entry.ts'
import { CairnError } from '../errors.ts'
import type { AbortOptions, BlockReader } from '../interfaces.ts'
import { PROFILES, type ImportSettings } from '../unixfs/profile.ts'
import { decodeUnixFS, encodeUnixFS, type Metadata, type UnixFSNode } from '../unixfs/unixfs-node.ts'
import { nodeFormOf, type NodeForm } from './file-form.ts'
import { insidePath, type MfsPath } from './mfs-path.ts'
import type { Workspace } from './workspace.ts'

/** What stands at a path. */
export interface TreeEntry {
  readonly cid: CID
  /** Bytes of its block and of all below, as the links claim. */
  readonly tsize: number
}

/** The settings of what stands beside, or in, the node at `cid`: those of the profile for its CID version, with its hash. */
export function settingsBeside(cid: CID): ImportSettings {
  return settingsOf(nodeFormOf(cid))
}

/** The profile for a CID version, with another hash. */
export function settingsOf({ cidVersion, hash }: NodeForm): ImportSettings {
  return { ...PROFILES[cidVersion === 0 ? 'unixfs-v0-2015' : 'unixfs-v1-2025'], cidVersion, hash }
}

/** What stands at `path` below the directory `root`, or `undefined`. @throws INVALID when a file stands on the way */
export async function findAt(reader: BlockReader, root: CID, path: MfsPath): Promise<TreeEntry | undefined> {
  let entry: TreeEntry = { cid: root, tsize: 0 }
  for (const name of path.names) {
    const found = await findEntry(reader, { directory: entry.cid, name })
    if (found === undefined) return undefined
    entry = found
  }
  return path.names.length === 0 ? entryOf(reader, root) : entry
}

/** Like {@link findAt}. @throws NOT_FOUND when nothing stands there */
export async function requireAt(reader: BlockReader, root: CID, path: MfsPath): Promise<TreeEntry> {
  const entry = await findAt(reader, root, path)
  if (entry === undefined) throw new CairnError('NOT_FOUND', `Cannot find ${path.text}: file does not exist`)
  return entry
}

/** The entry of a block, which is read for its size. */
export async function entryOf(reader: BlockReader, cid: CID, { signal }: AbortOptions = {}): Promise<TreeEntry> {
  const block = await reader.get(cid, { signal })
  const { links } = decodeUnixFS(block)
  return { cid, tsize: links.reduce((sum, { Tsize = 0 }) => sum + Tsize, block.bytes.length) }
}

/** Whether a node is a directory, plain or sharded. */
export function isDirectory({ data }: UnixFSNode): boolean {
  return data.type === 'directory' || data.type === 'hamt-shard'
}

/** Whether the block at `cid` is a directory. @throws as `decodeUnixFS` */
export async function isDirectoryAt(reader: BlockReader, cid: CID): Promise<boolean> {
  return isDirectory(decodeUnixFS(await reader.get(cid)))
}

/** The root after `entry` was put at `path`, or what stands there taken away. @throws NOT_FOUND without its directory */
export async function setAt(
  workspace: Workspace,
  root: CID,
  { path, entry }: { readonly path: MfsPath; readonly entry: TreeEntry | undefined },
): Promise<CID> {
  const directories = [root]
  for (const [index, name] of path.names.slice(0, -1).entries()) {
    const found = await findEntry(workspace, { directory: directories[index] ?? root, name })
    if (found === undefined)
      throw new CairnError('NOT_FOUND', `Cannot find the folder of ${path.text}: file does not exist`)
    directories.push(found.cid)
  }
  let below = entry
  for (const name of path.names.toReversed()) {
    const directory = directories.pop() ?? root
    below = await changed(workspace, directory, { name, entry: below })
  }
  if (below === undefined) throw new TypeError('the root can be replaced, but not be taken away')
  return below.cid
}

/** The root after every directory on the way to `path` was made that is missing. @throws INVALID when a file stands there */
export async function makeFolders(
  workspace: Workspace,
  root: CID,
  { path, form }: { readonly path: MfsPath; readonly form?: Partial<NodeForm> },
): Promise<CID> {
  let parent = root
  let at: MfsPath = { text: '/', names: [], isFolder: true }
  for (const name of path.names) {
    at = insidePath(at, name)
    const found = await findEntry(workspace, { directory: parent, name })
    if (found === undefined) {
      // All that is missing at once: from the innermost one out.
      const missing = path.names.slice(at.names.length)
      let entry = makeDirectory(workspace, { ...nodeFormOf(parent), ...form })
      for (const inner of missing.toReversed()) entry = await parentOf(workspace, inner, entry)
      return setAt(workspace, root, { path: at, entry })
    }
    parent = found.cid
  }
  if (await isDirectoryAt(workspace, parent)) return root
  throw new CairnError('CONFLICT', `Cannot make the folder ${path.text}: file already exists`)
}

/** Makes an empty directory. */
export function makeDirectory(
  workspace: Workspace,
  { hash, cidVersion }: NodeForm,
  metadata: Metadata = {},
): TreeEntry {
  const data = { type: 'directory', data: new Uint8Array(0), blockSizes: [], ...metadata } as const
  const block = createBlock(encodeUnixFS(data, []), { codec: DAG_PB_CODE, hash, cidVersion })
  workspace.add(block)
  return { cid: block.cid, tsize: block.bytes.length }
}

/** The directory made anew by `settings`, with `metadata` in the place of what it says of mode and time. */
export async function remakeDirectory(
  workspace: Workspace,
  directory: CID,
  { settings, metadata }: { readonly settings: ImportSettings; readonly metadata?: Metadata },
): Promise<TreeEntry> {
  return lastOf(workspace, changeDirectory(workspace, directory, { changes: [], settings, metadata }))
}

async function parentOf(workspace: Workspace, name: string, entry: TreeEntry): Promise<TreeEntry> {
  return changed(workspace, makeDirectory(workspace, nodeFormOf(entry.cid)).cid, { name, entry })
}

async function changed(
  workspace: Workspace,
  directory: CID,
  change: { readonly name: string; readonly entry: TreeEntry | undefined },
): Promise<TreeEntry> {
  const settings = settingsBeside(directory)
  return lastOf(workspace, changeDirectory(workspace, directory, { changes: [change], settings }))
}

/** Takes the new blocks of a directory, of which the last one is its root. */
export async function lastOf(workspace: Workspace, nodes: ReturnType<typeof changeDirectory>): Promise<TreeEntry> {
  let last: TreeEntry | undefined
  for await (const { block, tsize } of nodes) {
    workspace.add(block)
    last = { cid: block.cid, tsize }
  }
  if (last === undefined) throw new TypeError('a directory has at least one block')
  return last
}

// What others have changed in the mutable tree, as the commands of `cairn files` do, taken over into what is known of it.
// Changes of our own that are not written back stay, and go over those of others.
import { decodeUnixFS, fileSize, findEntry, isDirectory, type BlockReader, type TreeEntry } from '@cairn/core'
import type { VfsFile, VfsFolder, VfsNode } from './vfs-node.ts'

/** Told what has changed; see `VfsEvent`. */
export interface RefreshObserver {
  onName(folder: VfsFolder, name: string): void
  onNode(node: VfsNode): void
}

/** Makes `folder` what stands at `entry` now. @throws as `BlockReader.get` and `findEntry` */
export async function refreshFolder(
  folder: VfsFolder,
  entry: TreeEntry,
  { reader, observer }: { readonly reader: BlockReader; readonly observer: RefreshObserver },
): Promise<void> {
  if (folder.saved?.cid.equals(entry.cid) === true) return
  const source = { reader, observer }
  folder.version++
  for (const [name, child] of folder.names) {
    if (folder.changes.has(name) || folder.names.get(name) !== child) continue
    const found = await findEntry(reader, { directory: entry.cid, name })
    if (found !== undefined && child.saved?.cid.equals(found.cid) === true) continue
    const isSame = found !== undefined && (await refreshNode(child, found, source))
    // Whatever was made meanwhile counts more.
    if (isSame || folder.changes.has(name) || folder.names.get(name) !== child) continue
    if (hasChanges(child)) {
      folder.changes.set(name, child)
      continue
    }
    folder.names.delete(name)
    child.parent = undefined
    observer.onName(folder, name)
  }
  const { data } = decodeUnixFS(await reader.get(entry.cid))
  if (!folder.hasNewMetadata)
    folder.metadata = { mode: data.mode === undefined ? undefined : data.mode & 0o7777, mtime: data.mtime }
  folder.saved = entry
  folder.version++
  observer.onNode(folder)
}

/** Whether the node could take over what stands at its place now. */
async function refreshNode(
  node: VfsNode,
  entry: TreeEntry,
  source: { readonly reader: BlockReader; readonly observer: RefreshObserver },
): Promise<boolean> {
  const decoded = decodeUnixFS(await source.reader.get(entry.cid))
  if (node.kind === 'directory') {
    if (!isDirectory(decoded)) return false
    await refreshFolder(node, entry, source)
    return true
  }
  if (node.kind !== 'file' || (decoded.data.type !== 'file' && decoded.data.type !== 'raw')) return false
  if (isDirty(node)) return true
  const { mode, mtime } = decoded.data
  node.saved = entry
  node.size = fileSize(decoded)
  node.metadata = { mode: mode === undefined ? undefined : mode & 0o7777, mtime }
  node.draft?.close()
  node.draft = undefined
  source.observer.onNode(node)
  return true
}

/** Whether a file holds what is not stored. */
function isDirty(file: VfsFile): boolean {
  return file.version !== file.savedVersion || file.drafting !== undefined
}

/** Whether a node, or anything below it, was changed and is not stored. */
export function hasChanges(node: VfsNode): boolean {
  if (node.kind === 'file') return isDirty(node)
  if (node.kind === 'symlink') return node.saved === undefined
  if (node.changes.size > 0 || node.hasNewMetadata || node.saved === undefined) return true
  for (const child of node.names.values()) if (hasChanges(child)) return true
  return false
}

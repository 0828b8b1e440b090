// What is known of the trees of a file system: the nodes that somebody has asked for, found by name, each one once.
import { findEntry, listDirectory, type AbortOptions, type TreeEntry } from '@cairn/core'
import { IDLE_MS, IDLE_NODES_MAX } from '../limits.ts'
import { hasChanges } from './refresh.ts'
import { VfsError } from './vfs-error.ts'
import { loadNode, type VfsFolder, type VfsNode } from './vfs-node.ts'

/** A name in a folder. `node` where it is known already. */
export interface VfsEntry {
  readonly name: string
  readonly node: VfsNode | undefined
  readonly entry: TreeEntry | undefined
}

/** Finds nodes, and forgets them when they are many. */
export class KnownNodes {
  readonly #roots: Set<VfsFolder>
  /** Nodes that became known or idle since the last time that some were forgotten. */
  #count = 0

  constructor(root: VfsFolder) {
    this.#roots = new Set([root])
  }

  /**
   * What stands at `name` in `folder`, or `undefined`.
   *
   * @throws as `findEntry` and `BlockReader.get`
   */
  async lookup(folder: VfsFolder, name: string, options: AbortOptions = {}): Promise<VfsNode | undefined> {
    for (;;) {
      const known = this.#peek(folder, name)
      if (known !== undefined) return known ?? undefined
      const { version, tree, saved } = folder
      if (saved === undefined) {
        const found = await tree.find?.(name, options)
        return found && this.#adopt(folder, name, found)
      }
      const entry = await findEntry(tree.reader, { directory: saved.cid, name }, options)
      if (entry === undefined) {
        if (folder.version === version) return undefined
        continue
      }
      const node = await loadNode(tree, entry, options)
      if (folder.version === version) return this.#adopt(folder, name, node)
    }
  }

  /** Like {@link lookup}. @throws VfsError missing */
  async require(folder: VfsFolder, name: string, options: AbortOptions = {}): Promise<VfsNode> {
    const node = await this.lookup(folder, name, options)
    if (node !== undefined) return node
    throw new VfsError('missing', `Cannot find ${JSON.stringify(name)}`)
  }

  /** The node of an entry of {@link list}. @throws as {@link lookup} */
  async nodeOf(
    folder: VfsFolder,
    { name, node, entry }: VfsEntry,
    options: AbortOptions = {},
  ): Promise<VfsNode | undefined> {
    if (node !== undefined && node.parent === folder) return node
    if (entry === undefined || this.#peek(folder, name) !== undefined) return this.lookup(folder, name, options)
    const { version } = folder
    const loaded = await loadNode(folder.tree, entry, options)
    return folder.version === version ? this.#adopt(folder, name, loaded) : this.lookup(folder, name, options)
  }

  /** All entries of a folder as it is when the listing begins, in no particular order. @throws as `listDirectory` */
  async *list(folder: VfsFolder, { signal }: AbortOptions = {}): AsyncGenerator<VfsEntry> {
    const { saved, tree } = folder
    const changes = new Map(folder.changes)
    if (saved === undefined && !tree.isFrozen) {
      for (const [name, node] of changes) if (node !== undefined) yield { name, node, entry: node.saved }
      return
    }
    if (saved === undefined) {
      for (const [name, node] of folder.names) yield { name, node, entry: node.saved }
      return
    }
    for await (const { name, cid, tsize } of listDirectory(tree.reader, saved.cid, { signal })) {
      if (!changes.has(name)) yield { name, node: folder.names.get(name), entry: { cid, tsize } }
    }
    for (const [name, node] of changes) if (node !== undefined) yield { name, node, entry: node.saved }
  }

  /** Has nodes below another root forgotten as well. */
  addRoot(root: VfsFolder): void {
    this.#roots.add(root)
  }

  /** Called when one more is not in use: forgets such when they are many. */
  onIdle(): void {
    if (++this.#count < IDLE_NODES_MAX) return
    this.#count = 0
    for (const root of this.#roots) forgetIdle(root, performance.now() - IDLE_MS)
  }
  /** The node at a name as far as it is known: `null` for none. */
  #peek(folder: VfsFolder, name: string): VfsNode | null | undefined {
    const known = folder.names.get(name)
    if (known !== undefined) {
      known.seenMs = performance.now()
      return known
    }
    if (folder.changes.has(name)) return null
    return folder.saved === undefined && folder.tree.find === undefined ? null : undefined
  }

  #adopt(folder: VfsFolder, name: string, node: VfsNode): VfsNode {
    const known = folder.names.get(name)
    if (known !== undefined) return known
    node.parent = folder
    node.name = name
    folder.names.set(name, node)
    this.onIdle()
    return node
  }
}

/** Forgets what is below a folder, is stored, is not in use, and was not since some time. */
function forgetIdle(folder: VfsFolder, beforeMs: number): void {
  for (const [name, node] of folder.names) {
    if (node.kind === 'directory') forgetIdle(node, beforeMs)
    if (node.seenMs > beforeMs) continue
    const isEmpty = node.kind !== 'directory' || node.names.size === 0
    if (node.uses > 0 || !isEmpty || folder.changes.has(name) || hasChanges(node)) continue
    if (node.kind === 'file' && (node.writers > 0 || node.draft !== undefined)) continue
    folder.names.delete(name)
    node.parent = undefined
  }
}

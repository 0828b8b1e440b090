// One file system over content: the mutable tree, which it changes, and immutable content by CID. All fronts share it, so
// what one writes the others see at once. It is exact about what POSIX asks of names and open files; what it holds is
// bounded, and durable when `sync` says so.
import {
  CairnError,
  type FileDraft,
  nodeFormOf,
  type AbortOptions,
  type Metadata,
  type Mfs,
  type TreeEntry,
  type UnixTime,
} from '@cairn/core'
import { LINK_TARGET_BYTES_MAX } from '../limits.ts'
import { FileContent } from './file-content.ts'
import type { Piece } from './file-reader.ts'
import { KnownNodes, type VfsEntry } from './known-nodes.ts'
import { checkName } from './names.ts'
import { hasChanges } from './refresh.ts'
import { TreeWatch } from './tree-watch.ts'
import { VfsError } from './vfs-error.ts'
import type { MakeOptions, NodeChanges, VfsEvent, VfsOptions, VfsPlace } from './vfs-options.ts'
import {
  fileNode,
  folderNode,
  isAttached,
  linkNode,
  loadNode,
  type VfsFile,
  type VfsFolder,
  type VfsNode,
} from './vfs-node.ts'
import { savedAbove, WriteBack } from './write-back.ts'

/** What a file system is over. */
export interface VfsParts {
  readonly mfs: Mfs
  /** The time that changed files and folders get which keep one; that of the system by default. */
  readonly now?: () => UnixTime
  /** Told of a write-back that failed while nobody waited for it; it is tried again. */
  readonly onError?: (error: unknown) => void
}

/** The file system; see the head of this file. */
export class Vfs {
  /** The root of the mutable tree. */
  readonly root: VfsFolder
  readonly now: () => UnixTime
  readonly #mfs: Mfs
  readonly #content: FileContent
  readonly #writeBack: WriteBack
  readonly #listeners = new Set<(event: VfsEvent) => void>()
  readonly #watch: TreeWatch
  readonly #nodes: KnownNodes

  constructor({ mfs, now = mfs.now, onError = () => undefined }: VfsParts) {
    this.#mfs = mfs
    this.#content = new FileContent(mfs)
    this.now = now
    const { cid, reader } = mfs.newest
    this.root = folderNode({ reader, isFrozen: false }, { cid, tsize: 0 })
    this.root.uses = 1
    this.#nodes = new KnownNodes(this.root)
    const { root } = this
    this.#watch = new TreeWatch({
      mfs,
      root,
      observer: {
        onName: (folder, name) => this.#tell({ kind: 'name', folder, name, origin: undefined }),
        onNode: (node) => this.#tell({ kind: 'node', node, origin: undefined }),
      },
      idle: () => this.#writeBack.idle(),
      onError,
    })
    this.#writeBack = new WriteBack({ mfs, root, refresh: (...args) => this.#watch.takeOver(...args), onError })
  }

  /** Calls `listener` for each change, until the function that is returned is called. */
  observe(listener: (event: VfsEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** What stands at `name` in `folder`, or `undefined`. @throws as `findEntry` and `BlockReader.get` */
  lookup(folder: VfsFolder, name: string, options: AbortOptions = {}): Promise<VfsNode | undefined> {
    return this.#nodes.lookup(folder, name, options)
  }

  /** Like {@link lookup}. @throws VfsError missing */
  require(folder: VfsFolder, name: string, options: AbortOptions = {}): Promise<VfsNode> {
    return this.#nodes.require(folder, name, options)
  }

  /** The node of an entry of {@link list}, if it is still there. @throws as {@link lookup} */
  nodeOf(folder: VfsFolder, entry: VfsEntry, options: AbortOptions = {}): Promise<VfsNode | undefined> {
    return this.#nodes.nodeOf(folder, entry, options)
  }

  /** All entries of a folder as it is when the listing begins, in no particular order. @throws as `listDirectory` */
  list(folder: VfsFolder, options: AbortOptions = {}): AsyncGenerator<VfsEntry> {
    return this.#nodes.list(folder, options)
  }

  /** Makes an empty folder. @throws VfsError exists, read-only, bad-name, long-name */
  async makeFolder(place: VfsPlace, { metadata = {}, ...options }: MakeOptions = {}): Promise<VfsFolder> {
    const folder = folderNode(place.folder.tree, undefined, metadata)
    await this.link(place, folder, options)
    return folder
  }

  /** Makes an empty file. @throws VfsError exists, read-only, bad-name, long-name */
  async makeFile(place: VfsPlace, { metadata, ...options }: MakeOptions = {}): Promise<VfsFile> {
    const file = await this.draftFile(place.folder, metadata)
    await this.link(place, file, options)
    return file
  }

  /** Makes a file without a name, for a place in `folder`: {@link link} gives it one, and without that nothing of it stays. */
  async draftFile(folder: VfsFolder, metadata: Metadata = {}): Promise<VfsFile> {
    requireWritable(folder)
    const draft = await this.#mfs.draft(nodeFormOf(savedAbove(folder)))
    const file = fileNode(folder.tree, undefined, { size: 0, metadata, draft })
    file.version++
    return file
  }

  /** Makes a symbolic link. @throws VfsError exists, read-only, bad-name, long-name */
  async makeLink(place: VfsPlace, target: string, { metadata = {}, ...options }: MakeOptions = {}): Promise<VfsNode> {
    if (Buffer.byteLength(target) > LINK_TARGET_BYTES_MAX || target === '')
      throw new VfsError('long-name', `Cannot make a link to a path of ${Buffer.byteLength(target)} bytes`)
    const link = linkNode(place.folder.tree, undefined, { target, metadata })
    await this.link(place, link, options)
    return link
  }

  /** A node for content that is there already: as it is now, and changed apart from it. @throws as `BlockReader.get` */
  async contentNode(folder: VfsFolder, entry: TreeEntry, options: AbortOptions = {}): Promise<VfsNode> {
    return loadNode(folder.tree, entry, options)
  }

  /** Gives a name to a node that has none. @throws VfsError exists unless it replaces a file, read-only, bad-name, long-name */
  async link(
    place: VfsPlace,
    node: VfsNode,
    { replaces = false, ...options }: VfsOptions & { readonly replaces?: boolean } = {},
  ): Promise<void> {
    const { folder, name } = place
    requireWritable(folder)
    checkName(name)
    await this.#changing([folder], async () => {
      const present = await this.lookup(folder, name, options)
      if (present === undefined) return () => this.#set(place, node, options)
      if (!replaces) throw new VfsError('exists', `Cannot make ${JSON.stringify(name)}: it exists`)
      if (present.kind === 'directory')
        throw new VfsError('is-directory', `Cannot replace the folder ${JSON.stringify(name)}`)
      return () => {
        this.#detach(present)
        this.#set(place, node, options)
      }
    })
    await this.#writeBack.room()
  }

  /** Takes a name away: of a file, of an empty folder, or of any with all below it. @throws VfsError missing, not-empty, … */
  async remove(
    place: VfsPlace,
    { only, ...options }: VfsOptions & { readonly only: 'file' | 'folder' | 'any' },
  ): Promise<void> {
    const { folder, name } = place
    requireWritable(folder)
    await this.#changing([folder], async () => {
      const node = await this.require(folder, name, options)
      if (only === 'file' && node.kind === 'directory')
        throw new VfsError('is-directory', `Cannot remove the folder ${JSON.stringify(name)} like a file`)
      if (only === 'folder') await this.#requireEmpty(node, name, options)
      return () => {
        this.#detach(node)
        this.#set(place, undefined, options)
      }
    })
    await this.#writeBack.room()
  }

  /** Moves a name, over a file or an empty folder that stands there. @throws VfsError as POSIX has it */
  async rename(
    from: VfsPlace,
    to: VfsPlace,
    { replaces = true, ...options }: VfsOptions & { readonly replaces?: boolean } = {},
  ): Promise<void> {
    requireWritable(from.folder)
    requireWritable(to.folder)
    checkName(to.name)
    await this.#changing([from.folder, to.folder], async () => {
      const node = await this.require(from.folder, from.name, options)
      const present = await this.lookup(to.folder, to.name, options)
      if (present === node) return () => undefined
      for (let at: VfsFolder | undefined = to.folder; at !== undefined; at = at.parent)
        if (at === node) throw new VfsError('inside-itself', `Cannot move ${JSON.stringify(from.name)} into itself`)
      if (present !== undefined) {
        if (!replaces) throw new VfsError('exists', `Cannot move to ${JSON.stringify(to.name)}: it exists`)
        if (node.kind === 'directory') await this.#requireEmpty(present, to.name, options)
        else if (present.kind === 'directory')
          throw new VfsError('is-directory', `Cannot move over the folder ${JSON.stringify(to.name)}`)
      }
      return () => {
        if (present !== undefined) this.#detach(present)
        this.#set(from, undefined, options)
        this.#set(to, node, options)
      }
    })
    await this.#writeBack.room()
  }

  /** Sets what is given. @throws VfsError read-only, is-directory for a size, else as `FileDraft.resize` */
  async change(node: VfsNode, { size, mode, mtime }: NodeChanges, { origin, signal }: VfsOptions = {}): Promise<void> {
    requireWritable(node)
    if (size !== undefined) {
      if (node.kind !== 'file') throw new VfsError('is-directory', 'Cannot set the size of what is no file')
      await this.#edit(node, (draft) => draft.resize(size), { signal })
    }
    if (mode !== undefined || mtime !== undefined) {
      const changed = { mode: mode ?? node.metadata.mode, mtime: mtime ?? node.metadata.mtime }
      // What cannot be read cannot be made anew: that is told now, not when it is written back.
      if (node.kind === 'file') await this.#edit(node, () => Promise.resolve(), { signal })
      node.metadata = changed
      if (node.kind === 'directory') node.hasNewMetadata = true
      this.#changed(node)
    }
    this.#tell({ kind: 'node', node, origin })
    await this.#writeBack.room()
  }

  /** Bytes of a file. `key` is whose place in it this is, as an open file. @throws as `readFile` */
  read(
    file: VfsFile,
    piece: Piece,
    options: AbortOptions & { readonly key?: string | undefined } = {},
  ): Promise<Uint8Array> {
    return this.#content.read(file, piece, options)
  }

  /** Writes a copy of `bytes`. @throws VfsError read-only, else as `FileDraft.write` */
  async write(
    file: VfsFile,
    { offset, bytes }: { readonly offset: number; readonly bytes: Uint8Array },
    { origin, signal }: VfsOptions = {},
  ): Promise<void> {
    requireWritable(file)
    await this.#edit(file, (draft) => draft.write(offset, bytes), { signal })
    this.#tell({ kind: 'node', node: file, origin })
    await this.#writeBack.room()
  }

  /** Has `root` looked after as well: what is known below it is forgotten when it is much. */
  addRoot(root: VfsFolder): void {
    this.#nodes.addRoot(root)
  }

  /** Keeps a file ready to be written, until the function that is returned is called. */
  beginWriting(file: VfsFile): () => void {
    return this.#content.beginWriting(file)
  }

  /** Ends what is read ahead for one place of a file. */
  endReading(key: string): void {
    this.#content.close(key)
  }

  /** Keeps `node` known until {@link release}. */
  hold(node: VfsNode, count = 1): void {
    node.uses += count
  }

  /** Ends `count` calls of {@link hold}. */
  release(node: VfsNode, count = 1): void {
    node.uses -= count
    if (node.uses > 0) return
    // What has no name, and nobody has open any more, need not be kept from collections.
    if (node.kind === 'file' && node.parent === undefined) node.draft?.close()
    this.#nodes.onIdle()
  }

  /** Resolves once all changes until now are durable. @throws what keeps them from that */
  sync(): Promise<void> {
    return this.#writeBack.sync()
  }

  /** What a node is in the tree that is stored, after its changes are. */
  async entryOf(node: VfsNode): Promise<TreeEntry> {
    if (hasChanges(node)) await this.sync()
    if (node.saved !== undefined) return node.saved
    throw new CairnError('NOT_FOUND', 'Cannot tell the CID of what was removed')
  }

  async close(): Promise<void> {
    try {
      await this.#watch.close()
      await this.#writeBack.close()
    } finally {
      this.#content.close()
    }
  }

  /** Runs `look` until nothing has changed in `folders` meanwhile, and then what it gives, at once. */
  async #changing(folders: readonly VfsFolder[], look: () => Promise<() => void>): Promise<void> {
    for (;;) {
      const versions = folders.map(({ version }) => version)
      const act = await look()
      if (!folders.every(({ version }, index) => version === versions[index])) continue
      for (const folder of folders)
        if (!isAttached(folder, this.root)) throw new VfsError('missing', 'Cannot change a folder that was removed')
      act()
      return
    }
  }

  #set({ folder, name }: VfsPlace, node: VfsNode | undefined, { origin }: VfsOptions): void {
    folder.changes.set(name, node)
    if (node === undefined) folder.names.delete(name)
    else {
      folder.names.set(name, node)
      node.parent = folder
      node.name = name
      if (hasChanges(node)) this.#markAll(node)
    }
    this.#touch(folder)
    this.#changed(folder)
    this.#tell({ kind: 'name', folder, name, origin })
  }

  /** What was changed below a place that had no name waits to be written back as well. */
  #markAll(node: VfsNode): void {
    this.#writeBack.mark(node)
    if (node.kind !== 'directory') return
    for (const child of node.names.values()) if (hasChanges(child)) this.#markAll(child)
  }

  #detach(node: VfsNode): void {
    node.parent?.names.delete(node.name)
    node.parent = undefined
    if (node.kind === 'file' && node.writers === 0 && node.uses === 0) node.draft?.close()
  }

  #touch(node: VfsNode): void {
    if (node.metadata.mtime === undefined) return
    node.metadata = { ...node.metadata, mtime: this.now() }
    if (node.kind === 'directory') node.hasNewMetadata = true
  }

  #changed(node: VfsNode): void {
    node.version++
    if (isAttached(node, this.root)) this.#writeBack.mark(node)
  }

  async #edit(file: VfsFile, edit: (draft: FileDraft) => Promise<void>, options: AbortOptions): Promise<void> {
    await this.#content.edit(file, edit, options)
    this.#touch(file)
    this.#changed(file)
  }

  async #requireEmpty(node: VfsNode, name: string, options: AbortOptions): Promise<void> {
    if (node.kind !== 'directory')
      throw new VfsError('not-directory', `Cannot use ${JSON.stringify(name)} as a folder: it is a ${node.kind}`)
    for await (const _ of this.list(node, options))
      throw new VfsError('not-empty', `Cannot remove ${JSON.stringify(name)}: it is not empty`)
  }

  #tell(event: VfsEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}

function requireWritable(node: VfsNode): void {
  if (node.tree.isFrozen) throw new VfsError('read-only', 'Cannot change content that is named by its CID')
}

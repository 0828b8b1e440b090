// Changed files and folders on their way into the mutable tree. First the blocks of changed files are stored, then one
// change of the tree names all of them, and only when that is durable does anything count as written back. So the stored
// tree is whole at any moment: a state that the file system was in, if not the last one.
import {
  createBlock,
  DAG_PB_CODE,
  editTree,
  encodeUnixFS,
  nodeFormOf,
  type FolderEdit,
  type Mfs,
  type TreeEntry,
  type Workspace,
} from '@cairn/core'
import { fromString } from 'uint8arrays/from-string'
import { DIRTY_BYTES_MAX, DIRTY_NODES_MAX, STORED_AT_ONCE, WRITE_BACK_MS, WRITE_BACK_RETRY_MS } from '../limits.ts'
import { VfsError } from './vfs-error.ts'
import { isAttached, type VfsFile, type VfsFolder, type VfsLink, type VfsNode } from './vfs-node.ts'

/** What is written back, and how. */
export interface WriteBackParts {
  readonly mfs: Mfs
  readonly root: VfsFolder
  /** Takes over what others have changed in the tree since; called while nobody else can change it. */
  refresh(workspace: Workspace, root: TreeEntry['cid']): Promise<void>
  /** Told of a failure that nobody waits for; it is tried again. */
  onError(error: unknown): void
}

/** A file as it was stored. */
interface StoredFile {
  readonly entry: TreeEntry
  readonly version: number
}

type StoredFiles = ReadonlyMap<VfsFile, StoredFile>

/** What one write-back does. */
interface Plan {
  readonly edit: FolderEdit
  readonly folders: readonly { readonly folder: VfsFolder; readonly edit: WideEdit; readonly version: number }[]
}

/** An edit in the making. */
interface WideEdit extends FolderEdit {
  readonly names: Map<string, TreeEntry | FolderEdit | undefined>
  /** What stood at each of its changed names when it was planned. */
  readonly planned: Map<string, VfsNode | undefined>
}

/** See the head of this file. */
export class WriteBack {
  readonly #parts: WriteBackParts
  readonly #dirty = new Set<VfsNode>()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  /** The one after that, which takes up all changes until it begins. */
  #next: Promise<void> | undefined
  #isClosed = false

  constructor(parts: WriteBackParts) {
    this.#parts = parts
  }

  /** Resolves when none is under way. */
  async idle(): Promise<void> {
    await this.#running.catch(() => undefined)
  }

  /** Takes up a node that was changed. */
  mark(node: VfsNode): void {
    this.#dirty.add(node)
    this.#arm(WRITE_BACK_MS)
  }

  /** Waits while too much waits to be written back. @throws what keeps it from that */
  async room(): Promise<void> {
    if (this.#dirty.size < DIRTY_NODES_MAX && this.#dirtyBytes() < DIRTY_BYTES_MAX) return
    await this.sync()
  }

  /** Resolves once all changes until now are durable. @throws what keeps them from it; they are not lost by that */
  sync(): Promise<void> {
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined
        this.#running = this.#run()
        return this.#running
      })
    return this.#next
  }

  /** Writes back all there is, and no more after that. */
  async close(): Promise<void> {
    try {
      await this.sync()
    } finally {
      this.#isClosed = true
      clearTimeout(this.#timer)
      for (const node of this.#dirty) if (node.kind === 'file') node.draft?.close()
    }
  }

  #arm(delayMs: number): void {
    if (this.#timer !== undefined || this.#isClosed) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.sync().catch((error: unknown) => {
        this.#parts.onError(error)
        this.#arm(WRITE_BACK_RETRY_MS)
      })
    }, delayMs)
    this.#timer.unref()
  }

  #dirtyBytes(): number {
    let bytes = 0
    for (const node of this.#dirty) if (node.kind === 'file') bytes += node.draft?.dirtyBytes ?? 0
    return bytes
  }

  async #run(): Promise<void> {
    const { mfs, root } = this.#parts
    this.#forgetDetached()
    const { stored, failures } = await this.#storeFiles()
    if (this.#dirty.size === 0) {
      await mfs.flush()
      return
    }
    let settle: (() => void) | undefined
    await mfs.change(async (workspace, present) => {
      if (root.saved?.cid.equals(present) !== true) await this.#parts.refresh(workspace, present)
      const plan = this.#plan(workspace, stored)
      const made = await editTree(workspace, plan.edit)
      settle = () => this.#settle(plan, made, stored)
      return made.get(plan.edit)?.cid ?? present
    })
    settle?.()
    if (failures.length > 0) throw failures[0]
  }

  /** What was removed before it was ever stored, or while it was changed, needs no writing. */
  #forgetDetached(): void {
    for (const node of this.#dirty) if (!isAttached(node, this.#parts.root)) this.#dirty.delete(node)
  }

  async #storeFiles(): Promise<{ readonly stored: StoredFiles; readonly failures: readonly unknown[] }> {
    const stored = new Map<VfsFile, StoredFile>()
    const failures: unknown[] = []
    const files = [...this.#dirty].filter((node) => node.kind === 'file').values()
    const store = async (): Promise<void> => {
      for (const file of files) {
        const { draft, version } = file
        if (draft === undefined) throw new TypeError('a file that is changed has a draft')
        try {
          const { cid, tsize } = await draft.store(file.metadata)
          stored.set(file, { entry: { cid, tsize }, version })
        } catch (error) {
          // One that lacks a block of what it was keeps no other from the disk.
          failures.push(error)
        }
      }
    }
    await Promise.all(Array.from({ length: STORED_AT_ONCE }, store))
    return { stored, failures }
  }

  /** All changes as they are now, as one edit. */
  #plan(workspace: Workspace, stored: StoredFiles): Plan {
    const { root } = this.#parts
    const edits = new Map<VfsFolder, WideEdit>()
    const editOf = (folder: VfsFolder): WideEdit => {
      const present = edits.get(folder)
      if (present !== undefined) return present
      const metadata = folder.hasNewMetadata || folder.saved === undefined ? folder.metadata : undefined
      const edit: WideEdit = { base: folder.saved?.cid, names: new Map(), metadata, planned: new Map() }
      edits.set(folder, edit)
      if (folder.parent !== undefined) editOf(folder.parent).names.set(folder.name, edit)
      return edit
    }
    editOf(root)
    const entryFor = (node: VfsNode): TreeEntry | undefined => {
      if (node.kind === 'symlink') return node.saved ?? linkEntry(workspace, node)
      return node.kind === 'file' ? (stored.get(node)?.entry ?? node.saved) : node.saved
    }
    for (const node of this.#dirty) {
      if (!isAttached(node, root) || node.parent === undefined) continue
      const entry = node.kind === 'directory' ? undefined : entryFor(node)
      if (entry !== undefined) editOf(node.parent).names.set(node.name, entry)
    }
    for (const node of this.#dirty) {
      if (node.kind !== 'directory' || !isAttached(node, root)) continue
      const { names, planned } = editOf(node)
      for (const [name, child] of node.changes) {
        const entry = child && entryFor(child)
        const isOpen = child?.kind === 'directory' && (child.saved === undefined || this.#dirty.has(child))
        // A file that is so new that none of it is stored comes with the next write-back.
        if (child !== undefined && entry === undefined && !isOpen) continue
        planned.set(name, child)
        if (isOpen) editOf(child)
        else if (!names.has(name)) names.set(name, entry)
      }
    }
    const folders = [...edits].map(([folder, edit]) => ({ folder, edit, version: folder.version }))
    return { edit: editOf(root), folders }
  }

  /** Takes over that what was planned is durable. What was changed since then waits for the next time. */
  #settle({ folders }: Plan, made: ReadonlyMap<FolderEdit, TreeEntry>, stored: StoredFiles): void {
    for (const { folder, edit } of folders) {
      folder.saved = made.get(edit) ?? folder.saved
      if (edit.metadata === folder.metadata) folder.hasNewMetadata = false
      for (const [name, child] of edit.planned) {
        if (folder.changes.has(name) && folder.changes.get(name) === child) folder.changes.delete(name)
        if (child?.kind === 'symlink') this.#settleLink(child, edit.names.get(name))
      }
      if (folder.changes.size === 0 && !folder.hasNewMetadata) this.#dirty.delete(folder)
    }
    for (const [file, { entry, version }] of stored) {
      file.saved = entry
      file.savedVersion = version
      file.draft?.settle()
      if (file.version !== version) continue
      this.#dirty.delete(file)
      if (file.writers > 0 || file.draft === undefined) continue
      file.draft.close()
      file.draft = undefined
    }
  }

  #settleLink(link: VfsLink, entry: TreeEntry | FolderEdit | undefined): void {
    if (entry !== undefined && 'cid' in entry) link.saved = entry
    this.#dirty.delete(link)
  }
}

function linkEntry(workspace: Workspace, { parent, target, metadata }: VfsLink): TreeEntry {
  const form = nodeFormOf(savedAbove(parent))
  const data = { type: 'symlink', data: fromString(target), blockSizes: [], ...metadata } as const
  const block = createBlock(encodeUnixFS(data, []), { codec: DAG_PB_CODE, ...form })
  workspace.add(block)
  return { cid: block.cid, tsize: block.bytes.length }
}

/** The CID of the nearest folder that is stored: what is new takes its form from there. */
export function savedAbove(folder: VfsFolder | undefined): TreeEntry['cid'] {
  for (let at = folder; at !== undefined; at = at.parent) if (at.saved !== undefined) return at.saved.cid
  throw new VfsError('missing', 'Cannot make anything in a folder that was removed')
}

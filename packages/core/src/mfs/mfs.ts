// Mutable files: a tree of names over immutable blocks, with one root that moves. Each operation is one change of the
// root, so it happens whole or not at all, and none overwrites another. Behaviour: Kubo's `files` commands.
import type { CID } from 'multiformats/cid'
import type { BlockService } from '../block/block-service.ts'
import { SeenBlocks } from '../dag/seen-blocks.ts'
import { walk } from '../dag/walk.ts'
import { CairnError } from '../errors.ts'
import type { AbortOptions, BlockReader, BlockStore } from '../interfaces.ts'
import { decodeUnixFS, type Metadata, type UnixFSNode, type UnixTime } from '../unixfs/unixfs-node.ts'
import { FileDraft } from './file-draft.ts'
import { nodeFormOf, withMetadata, type NodeForm } from './file-form.ts'
import { folderOf, insidePath, isSame, named, parseMfsPath, type MfsPath } from './mfs-path.ts'
import { MfsRoot, type ChangeOptions, type Edit, type MfsRootParts } from './mfs-root.ts'
import {
  entryOf,
  findAt,
  isDirectory,
  isDirectoryAt,
  makeDirectory,
  makeFolders,
  remakeDirectory,
  requireAt,
  setAt,
  settingsBeside,
  settingsOf,
  type TreeEntry,
} from './tree-entry.ts'
import { FileWriter, type WriteOptions } from './write-file.ts'
import type { Workspace } from './workspace.ts'

export type { WriteOptions } from './write-file.ts'

/** What mutable files work with. */
export interface MfsParts extends MfsRootParts {
  readonly blocks: BlockService
  readonly store: Pick<BlockStore, 'get' | 'claimMany'>
  /** The time that files get which keep one; that of the system by default. */
  readonly now?: () => UnixTime
}

/** How something is put at a path. */
export interface PutOptions extends ChangeOptions {
  /** Makes the directories on the way that are missing. */
  readonly parents?: boolean | undefined
  /** Replaces a file that is there. */
  readonly force?: boolean | undefined
}

/** How a directory is made. */
export interface MakeFolderOptions extends ChangeOptions {
  /** Makes those on the way as well, and takes one that is there. */
  readonly parents?: boolean | undefined
  /** CID version and hash function; those of its parent by default. */
  readonly form?: Partial<NodeForm> | undefined
  readonly metadata?: Metadata | undefined
}

/** How something is removed. */
export interface RemoveOptions extends ChangeOptions {
  /** Directories as well. */
  readonly recursive?: boolean | undefined
  /** Directories as well, and what is not there is no error. */
  readonly force?: boolean | undefined
}

/** The mutable files of a repo. */
export class Mfs {
  readonly #root: MfsRoot
  readonly #parts: MfsParts
  readonly #writer: FileWriter
  /** The time that a file gets which is touched. */
  readonly now: () => UnixTime

  private constructor(root: MfsRoot, parts: MfsParts) {
    this.#root = root
    this.#parts = parts
    this.now = parts.now ?? systemTime
    this.#writer = new FileWriter(root, { blocks: parts.blocks, now: this.now })
  }

  /** Opens the mutable files that are recorded, or none yet. @throws CORRUPT when the record does not decode */
  static async open(parts: MfsParts): Promise<Mfs> {
    return new Mfs(await MfsRoot.open(parts), parts)
  }

  /** Reads blocks of what {@link find} gives. */
  get reader(): BlockReader {
    return this.#root.reader
  }

  /** The root with all changes, of which some may not be durable yet, and what reads below it. */
  get newest(): { readonly cid: CID; readonly reader: BlockReader } {
    return { cid: this.#root.newest, reader: this.#root.newestReader }
  }

  /** Calls `listener` when there is another {@link newest} root, until the function that is returned is called. */
  observe(listener: () => void): () => void {
    return this.#root.observe(listener)
  }

  /** Makes one change of the whole tree, alone and upon all changes before it. @throws as `MfsRoot.change` */
  change(edit: Edit, options: ChangeOptions = {}): Promise<void> {
    return this.#root.change(edit, options)
  }

  /** Begins to change a file beside the tree: the one at `cid`, or an empty one. @throws as `FileDraft.open` */
  async draft(from: { readonly cid: CID } | NodeForm, options: AbortOptions = {}): Promise<FileDraft> {
    const parts = { reader: this.#root.newestReader, blocks: this.#parts.blocks }
    return 'cid' in from ? FileDraft.open(parts, from.cid, options) : FileDraft.empty(parts, from)
  }

  /** What stands at `path` now, as `reader` finds it. @throws NOT_FOUND, and INVALID when a file stands on the way */
  async find(path: string, reader: BlockReader = this.reader): Promise<TreeEntry> {
    return requireAt(reader, await this.#root.current(), parseMfsPath(path))
  }

  /** Resolves once all changes are durable. */
  flush(): Promise<void> {
    return this.#root.flush()
  }

  /**
   * Makes a directory.
   *
   * @throws CONFLICT when something is there, NOT_FOUND when its parent is missing; with `parents` only when it is a file
   */
  async mkdir(path: string, { parents = false, form = {}, metadata, ...how }: MakeFolderOptions = {}): Promise<void> {
    const target = parseMfsPath(path)
    await this.#root.change(async (workspace, root) => {
      if ((await findAt(workspace, root, target)) !== undefined) {
        if (parents) return makeFolders(workspace, root, { path: target })
        throw new CairnError('CONFLICT', `Cannot make the folder ${path}: file already exists`)
      }
      const parent = folderOf(target)
      const prepared = parents ? await makeFolders(workspace, root, { path: parent, form }) : root
      const { cid } = await requireAt(workspace, prepared, parent)
      const entry = makeDirectory(workspace, { ...nodeFormOf(cid), ...form }, metadata)
      return setAt(workspace, prepared, { path: target, entry })
    }, how)
  }

  /**
   * Puts the file or directory `cid` at `path`; into the directory when `path` ends with a slash, as `name`. Of its blocks
   * those that are here are kept from now on; others are fetched when they are read.
   *
   * @throws CONFLICT when something is there, NOT_FOUND when its directory is missing, UNSUPPORTED or INVALID for what is
   * no UnixFS, else as `BlockService.get`
   */
  async put(
    path: string,
    content: { readonly cid: CID; readonly name: string },
    options: PutOptions = {},
  ): Promise<void> {
    const { cid, name } = content
    await this.#root.holding(async () => {
      const entry = await entryOf(this.#parts.blocks, cid, options)
      await this.#claim(cid, options)
      await this.#root.change(
        (workspace, root) => putAt({ workspace, root, entry }, named(path, name), options),
        options,
      )
    })
  }

  /** Looks whether {@link put} would find the place free, before anything is made for it. @throws as `put` */
  async checkFree(path: string, name: string): Promise<void> {
    const target = named(path, name)
    const root = await this.#root.current()
    await requireAt(this.reader, root, folderOf(target))
    await requireFree(this.reader, root, { target, force: false })
  }

  /** Copies what stands at `from`. @throws as {@link find} and {@link put} */
  async copy(from: string, to: string, options: PutOptions = {}): Promise<void> {
    const source = parseMfsPath(from)
    await this.#root.change(async (workspace, root) => {
      const entry = await requireAt(workspace, root, source)
      return putAt({ workspace, root, entry }, named(to, source.names.at(-1)), options)
    }, options)
  }

  /**
   * Moves what stands at `from` to `to`, into it when it is a directory, and in the place of it when it is a file.
   *
   * @throws NOT_FOUND, CONFLICT when a directory of the name is there, INVALID for the root and into itself
   */
  async move(from: string, to: string, options: ChangeOptions = {}): Promise<void> {
    const source = parseMfsPath(from)
    const name = source.names.at(-1)
    if (name === undefined) throw new CairnError('INVALID', 'Cannot move the root')
    await this.#root.change(async (workspace, root) => {
      const entry = await requireAt(workspace, root, source)
      const at = parseMfsPath(to)
      const present = await findAt(workspace, root, at)
      const isInto = at.isFolder || (present !== undefined && (await isDirectoryAt(workspace, present.cid)))
      const target = isInto ? insidePath(at, name) : at
      if (isSame(source, target)) return root
      if (source.names.every((part, index) => part === target.names[index])) {
        throw new CairnError('INVALID', `Cannot move ${from} into itself`)
      }
      const put = await putAt({ workspace, root, entry }, target, { force: true })
      return setAt(workspace, put, { path: source, entry: undefined })
    }, options)
  }

  /** Removes what stands at `path`. @throws INVALID for the root and for a directory without `recursive`, NOT_FOUND */
  async remove(path: string, { recursive = false, force = false, ...how }: RemoveOptions = {}): Promise<void> {
    const target = parseMfsPath(path)
    if (target.names.length === 0) throw new CairnError('INVALID', 'Cannot remove the root')
    await this.#root.change(async (workspace, root) => {
      const entry = await findAt(workspace, root, target)
      if (entry === undefined && force) return root
      const { cid } = entry ?? (await requireAt(workspace, root, target))
      // With `recursive` the block need not even be here.
      if (!recursive && !force && (await isDirectoryAt(workspace, cid))) {
        throw new CairnError('INVALID', `Cannot remove ${path}: it is a directory, use -r to remove directories`)
      }
      return setAt(workspace, root, { path: target, entry: undefined })
    }, how)
  }

  /** Writes into a file; see `FileWriter`. */
  async write(path: string, content: AsyncIterable<Uint8Array>, options: WriteOptions = {}): Promise<void> {
    await this.#writer.write(parseMfsPath(path), content, options)
  }

  /** Sets the length of a file. @throws as {@link write} */
  async truncate(path: string, size: number, options: ChangeOptions = {}): Promise<void> {
    await this.#writer.resize(parseMfsPath(path), size, options)
  }

  /** Sets what a file or directory says of its mode or its time; what is `undefined` stays. @throws NOT_FOUND */
  async setMetadata(path: string, changes: Metadata, options: ChangeOptions = {}): Promise<void> {
    await this.#root.change(
      replacing(path, async (workspace, node) => {
        const { mode = node.data.mode, mtime = node.data.mtime } = changes
        // What other systems keep above the permissions stays.
        const kept = mode === undefined ? undefined : (mode & PERMISSIONS) | ((node.data.mode ?? 0) & ~PERMISSIONS)
        const metadata = { mode: kept === undefined ? undefined : kept >>> 0, mtime }
        if (!isDirectory(node)) return withMetadata(workspace, node, metadata)
        return remakeDirectory(workspace, node.cid, { settings: settingsBeside(node.cid), metadata })
      }),
      options,
    )
  }

  /** Makes a directory anew with another CID version or hash; what is below it stays. @throws INVALID for a file */
  async changeForm(path: string, form: Partial<NodeForm>, options: ChangeOptions = {}): Promise<void> {
    await this.#root.change(
      replacing(path, async (workspace, node) => {
        if (!isDirectory(node))
          throw new CairnError('INVALID', `Cannot change the CID of ${path}: can only update directories`)
        return remakeDirectory(workspace, node.cid, { settings: settingsOf({ ...nodeFormOf(node.cid), ...form }) })
      }),
      options,
    )
  }

  /** Keeps from collections what is here of a DAG, as long as there is a hold. */
  async #claim(cid: CID, { signal }: AbortOptions): Promise<void> {
    const { store, blocks } = this.#parts
    const claiming: BlockReader = {
      get: async (node) => {
        await store.claimMany([node])
        const block = await store.get(node)
        if (block !== undefined) return block
        throw new CairnError('NOT_FOUND', `Cannot find block ${node}`, { cid: node })
      },
    }
    await blocks.ensure(cid, { signal })
    const visitLeaf = async (leaf: CID): Promise<void> => void (await store.claimMany([leaf]))
    const onUnreadable = (): void => undefined
    for await (const _ of walk(claiming, cid, { visitLeaf, onUnreadable, seen: new SeenBlocks(), signal }));
  }
}

const PERMISSIONS = 0o7777

function systemTime(): UnixTime {
  const ms = Date.now()
  const seconds = Math.floor(ms / 1000)
  return { seconds: BigInt(seconds), nanoseconds: (ms - seconds * 1000) * 1_000_000 }
}

/** Replaces the node at `path` by what `make` gives. */
function replacing(path: string, make: (workspace: Workspace, node: UnixFSNode) => Promise<TreeEntry>): Edit {
  const target = parseMfsPath(path)
  return async (workspace, root) => {
    const { cid } = await requireAt(workspace, root, target)
    const entry = await make(workspace, decodeUnixFS(await workspace.get(cid)))
    return setAt(workspace, root, { path: target, entry })
  }
}

interface Put {
  readonly workspace: Workspace
  readonly root: CID
  readonly entry: TreeEntry
}

async function putAt({ workspace, root, entry }: Put, target: MfsPath, options: PutOptions): Promise<CID> {
  const { parents = false, force = false } = options
  const prepared = parents ? await makeFolders(workspace, root, { path: folderOf(target) }) : root
  await requireFree(workspace, prepared, { target, force })
  return setAt(workspace, prepared, { path: target, entry })
}

async function requireFree(
  reader: BlockReader,
  root: CID,
  { target, force }: { readonly target: MfsPath; readonly force: boolean },
): Promise<void> {
  const present = await findAt(reader, root, target)
  if (present === undefined || (force && !(await isDirectoryAt(reader, present.cid)))) return
  throw new CairnError('CONFLICT', `Cannot put anything at ${target.text}: directory already has entry by that name`)
}

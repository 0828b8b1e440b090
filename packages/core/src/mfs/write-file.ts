// Writing into files by name. What is small is one change of the root. A long write makes its blocks beside the tree, in
// pieces that are stored as they come, and then puts the result in the place of the file that it began with; when somebody
// else has changed that meanwhile, what was written is written once more, into theirs.
import type { CID } from 'multiformats/cid'
import { concat } from 'uint8arrays/concat'
import type { BlockService } from '../block/block-service.ts'
import type { FilePart } from '../dag/file-part.ts'
import { CairnError } from '../errors.ts'
import type { AbortOptions } from '../interfaces.ts'
import { MFS_CHUNK_BYTES, MFS_PENDING_BYTES, MFS_PIECE_BYTES, MFS_WRITE_TRIES } from '../limits.ts'
import { readFile } from '../unixfs/read.ts'
import type { Metadata, UnixTime } from '../unixfs/unixfs-node.ts'
import { fileRoot, resizeFile, writeInto } from './edit-file.ts'
import { makeLeaf, nodeFormOf, type NodeForm } from './file-form.ts'
import type { MfsPath } from './mfs-path.ts'
import type { ChangeOptions, MfsRoot } from './mfs-root.ts'
import type { FormDefaults } from './open-file.ts'
import { findAt, isDirectory, makeFolders, requireAt, setAt, settingsOf } from './tree-entry.ts'
import { PendingBlocks, type Workspace } from './workspace.ts'

/** How a file is written. */
export interface WriteOptions extends ChangeOptions, AbortOptions {
  /** Where to begin; 0 by default. Beyond the end, what lies between is filled with zeros. */
  readonly offset?: number | undefined
  /** Makes the file when it is not there. */
  readonly create?: boolean | undefined
  /** Makes the directories on the way that are missing. */
  readonly parents?: boolean | undefined
  /** Drops what the file held before. */
  readonly truncate?: boolean | undefined
  /** Whether new leaves are raw blocks; by default as those of the file, and in a new one with CID version 1. */
  readonly rawLeaves?: boolean | undefined
  /** CID version and hash function of a new file; those of its directory by default. */
  readonly form?: Partial<NodeForm> | undefined
  /** What is set beside the content; by default what there is stays, and a time that there is becomes the present one. */
  readonly metadata?: Metadata | undefined
}

/** What is written with. */
export interface FileWriterParts {
  readonly blocks: Pick<BlockService, 'putMany'>
  readonly now: () => UnixTime
}

/** Writes into the files below a root. */
export class FileWriter {
  readonly #root: MfsRoot
  readonly #parts: FileWriterParts

  constructor(root: MfsRoot, parts: FileWriterParts) {
    this.#root = root
    this.#parts = parts
  }

  /**
   * Writes `content` into the file at `path`, of which it changes nothing else. Done when all of it is durable.
   *
   * @throws NOT_FOUND when the file is not there, INVALID when it is a directory, LIMIT beyond 1 PiB, UNAVAILABLE when
   * others change the file again and again during a long write
   */
  async write(path: MfsPath, content: AsyncIterable<Uint8Array>, options: WriteOptions): Promise<void> {
    const pieces = piecesOf(content, options)
    try {
      const first = (await pieces.next()).value ?? new Uint8Array(0)
      const next = await pieces.next()
      if (next.done === true)
        await this.#root.change(
          (workspace, root) => this.#writeOnce({ workspace, root, path, bytes: first }, options),
          options,
        )
      else {
        const whole = startingWith([first, next.value], pieces)
        await this.#root.holding(() => this.#writeLong(path, whole, options))
      }
    } finally {
      await pieces.return(undefined)
    }
  }

  /** Sets the length of the file at `path`. @throws as {@link write} */
  async resize(path: MfsPath, size: number, options: ChangeOptions): Promise<void> {
    await this.#root.change(async (workspace, root) => {
      const target = await this.#targetOf({ workspace, root, path }, {})
      const entry = await resizeFile(workspace, target.file, { size, ...target })
      return setAt(workspace, target.root, { path, entry })
    }, options)
  }

  async #writeOnce(
    { bytes, ...place }: Place & { readonly workspace: Workspace; readonly bytes: Uint8Array },
    options: WriteOptions,
  ): Promise<CID> {
    const target = await this.#targetOf(place, options)
    const entry = await writeInto(place.workspace, target.file, { offset: options.offset ?? 0, bytes, ...target })
    return setAt(place.workspace, target.root, { path: place.path, entry })
  }

  async #writeLong(path: MfsPath, pieces: AsyncIterable<Uint8Array>, options: WriteOptions): Promise<void> {
    const { offset = 0 } = options
    let began = await this.#presentFile(path)
    const written = await this.#store(path, pieces, options)
    for (let tries = 0, file = written; tries < MFS_WRITE_TRIES; tries++) {
      if (await this.#replace(path, { began, file }, options)) return
      began = await this.#presentFile(path)
      const again = readFile(this.#root.reader, written.cid, { offset, length: written.writtenBytes })
      file = await this.#store(path, piecesOf(again, options), options)
    }
    throw new CairnError(
      'UNAVAILABLE',
      `Cannot write ${path.text}: others changed it ${MFS_WRITE_TRIES} times meanwhile`,
    )
  }

  async #presentFile(path: MfsPath): Promise<CID | undefined> {
    return (await findAt(this.#root.reader, await this.#root.current(), path))?.cid
  }

  /** Makes the file with `pieces` written into it and stores its blocks, without a name yet. */
  async #store(
    path: MfsPath,
    pieces: AsyncIterable<Uint8Array>,
    options: WriteOptions,
  ): Promise<FilePart & { readonly writtenBytes: number }> {
    const workspace = new PendingBlocks(this.#root.reader)
    const target = await this.#targetOf({ workspace, root: await this.#root.current(), path }, options)
    const start = options.offset ?? 0
    let at = start
    let file: FilePart | undefined
    let storing = Promise.resolve()
    try {
      for await (const bytes of pieces) {
        options.signal?.throwIfAborted()
        file = await writeInto(workspace, file?.cid ?? target.file, { offset: at, bytes, ...target })
        at += bytes.length
        if (workspace.bytes <= MFS_PENDING_BYTES / 2) continue
        // One part is stored while the next one is made.
        await storing
        storing = this.#put(workspace, file.cid)
      }
      if (file === undefined) throw new TypeError('a long write has pieces')
      await storing
      await this.#put(workspace, file.cid)
      return { ...file, writtenBytes: at - start }
    } finally {
      await Promise.allSettled([storing])
    }
  }

  /** Stores what `root` reaches, which stays in the workspace until then. A failure is told to whoever awaits it. */
  #put(workspace: PendingBlocks, root: CID): Promise<void> {
    const blocks = workspace.reachableFrom(root)
    workspace.keep(blocks)
    const stored = this.#parts.blocks.putMany(blocks).then(() => workspace.drop(blocks))
    stored.catch(() => undefined)
    return stored
  }

  /** Gives the name to `file`, unless something else has it than what the write `began` with. */
  async #replace(
    path: MfsPath,
    { began, file }: { readonly began: CID | undefined; readonly file: FilePart },
    options: WriteOptions,
  ): Promise<boolean> {
    let isReplaced = false
    await this.#root.change(async (workspace, root) => {
      const present = await findAt(workspace, root, path)
      isReplaced = options.truncate === true || `${present?.cid}` === `${began}`
      if (!isReplaced) return root
      const target = await this.#targetOf({ workspace, root, path }, options)
      return setAt(workspace, target.root, { path, entry: file })
    }, options)
    return isReplaced
  }

  /** The file to write into, how it is made, and the root in which its directories are. */
  async #targetOf(
    { workspace, root, path }: Place & { readonly workspace: Workspace },
    options: WriteOptions,
  ): Promise<Target> {
    const present = await findAt(workspace, root, path)
    if (present !== undefined) {
      if (isDirectory(await workspace.node(present.cid))) {
        throw new CairnError('INVALID', `Cannot write ${path.text}: it is a directory, not a file`)
      }
      const { cid, data } = await fileRoot(workspace, present.cid)
      const defaults = defaultsOf(nodeFormOf(cid), options.rawLeaves)
      const mtime = options.metadata?.mtime ?? (data.mtime === undefined ? undefined : this.#parts.now())
      const metadata = { mode: options.metadata?.mode ?? data.mode, mtime }
      const file = options.truncate === true ? emptyFile(workspace, defaults) : cid
      return { root, file, defaults, metadata }
    }
    if (options.create !== true) await requireAt(workspace, root, path)
    if (path.isFolder)
      throw new CairnError('INVALID', `Cannot write ${path.text}: with a slash at its end it means a folder`)
    const folder = { ...path, names: path.names.slice(0, -1), isFolder: true }
    const prepared = options.parents === true ? await makeFolders(workspace, root, { path: folder }) : root
    const { cid: parent } = await requireAt(workspace, prepared, folder)
    const form = { ...nodeFormOf(parent), ...options.form }
    const defaults = defaultsOf(form, options.rawLeaves)
    const metadata = options.metadata ?? {}
    return { root: prepared, file: emptyFile(workspace, defaults), defaults, metadata }
  }
}

interface Place {
  readonly root: CID
  readonly path: MfsPath
}

interface Target {
  readonly root: CID
  readonly file: CID
  readonly defaults: FormDefaults
  readonly metadata: Metadata
}

function emptyFile(workspace: Workspace, defaults: FormDefaults): CID {
  return makeLeaf(workspace, new Uint8Array(0), defaults).cid
}

/** How a file is made, by the profile for its CID version, as far as its own blocks do not tell. */
export function defaultsOf(form: NodeForm, rawLeaves: boolean | undefined): FormDefaults {
  const settings = settingsOf(form)
  return {
    ...settings,
    chunkBytes: MFS_CHUNK_BYTES,
    rawLeaves: rawLeaves ?? settings.rawLeaves,
    forcesLeaves: rawLeaves !== undefined,
  }
}

/** The content in pieces of {@link MFS_PIECE_BYTES}, and a last one of any size. Each owns its bytes. */
async function* piecesOf(
  content: AsyncIterable<Uint8Array>,
  { signal }: AbortOptions,
): AsyncGenerator<Uint8Array, undefined, void> {
  let parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of content) {
    signal?.throwIfAborted()
    for (let start = 0; start < part.length;) {
      const taken = part.slice(start, start + MFS_PIECE_BYTES - bytes)
      parts.push(taken)
      bytes += taken.length
      start += taken.length
      if (bytes < MFS_PIECE_BYTES) continue
      yield concat(parts)
      parts = []
      bytes = 0
    }
  }
  if (bytes > 0) yield concat(parts)
}

async function* startingWith(
  first: readonly Uint8Array[],
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  yield* first
  yield* rest
}

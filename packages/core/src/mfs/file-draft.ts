// A file that is being changed, beside the tree: what is written becomes blocks piece by piece, which are stored and held,
// and only whoever puts the result at a name makes it count. So memory is bounded however much is written, and a draft
// that is dropped leaves nothing but blocks for the next collection.
import type { CID } from 'multiformats/cid'
import { concat } from 'uint8arrays/concat'
import type { BlockService } from '../block/block-service.ts'
import type { FilePart } from '../dag/file-part.ts'
import { CairnError } from '../errors.ts'
import type { AbortOptions, BlockReader, Hold } from '../interfaces.ts'
import { MFS_DRAFT_BYTES, MFS_DRAFT_WAIT_MS, MFS_FILE_BYTES_MAX } from '../limits.ts'
import { Turns } from '../turns.ts'
import { fileSize, readFile } from '../unixfs/read.ts'
import type { Metadata } from '../unixfs/unixfs-node.ts'
import { DirtyBytes } from './dirty-bytes.ts'
import { fileRoot, resizeFile, writeInto } from './edit-file.ts'
import { makeLeaf, nodeFormOf, type NodeForm } from './file-form.ts'
import type { FormDefaults } from './open-file.ts'
import { defaultsOf } from './write-file.ts'
import { PendingBlocks } from './workspace.ts'

/** What drafts work with. */
export interface DraftParts {
  /** Reads the files that drafts begin with. */
  readonly reader: BlockReader
  readonly blocks: Pick<BlockService, 'putMany' | 'hold'>
}

/** A file in the making; see the head of this file. */
export class FileDraft {
  readonly #parts: DraftParts
  readonly #workspace: PendingBlocks
  readonly #defaults: FormDefaults
  /** One change at a time. */
  readonly #turns = new Turns()
  readonly #dirty = new DirtyBytes()
  #file: CID
  /** Bytes of the file at `#file` that still count: what was cut off comes back as zeros. */
  #fileEnd: number
  #size: number
  /** Of `#file`, not of its beginning: what is taken over as it is. */
  #metadata: Metadata
  /** Keeps what was stored from collections, since the last {@link store}. */
  #hold: Hold | undefined
  readonly #settled: Hold[] = []
  #storing: Promise<void> = Promise.resolve()

  private constructor(
    parts: DraftParts,
    workspace: PendingBlocks,
    file: { readonly cid: CID; readonly size: number; readonly metadata: Metadata; readonly defaults: FormDefaults },
  ) {
    this.#parts = parts
    this.#workspace = workspace
    this.#defaults = file.defaults
    this.#file = file.cid
    this.#fileEnd = this.#size = file.size
    this.#metadata = file.metadata
  }

  /** Begins with the file at `cid`. @throws INVALID for what is no file, else as `BlockReader.get` */
  static async open(parts: DraftParts, cid: CID, { signal }: AbortOptions = {}): Promise<FileDraft> {
    const workspace = new PendingBlocks(patient(parts.reader))
    await workspace.get(cid, { signal })
    const node = await fileRoot(workspace, cid)
    const { mode, mtime } = node.data
    const defaults = defaultsOf(nodeFormOf(cid), undefined)
    return new FileDraft(parts, workspace, { cid, size: fileSize(node), metadata: { mode, mtime }, defaults })
  }

  /** Begins with an empty file. */
  static empty(parts: DraftParts, form: NodeForm): FileDraft {
    const workspace = new PendingBlocks(patient(parts.reader))
    const defaults = defaultsOf(form, undefined)
    const { cid } = makeLeaf(workspace, new Uint8Array(0), defaults)
    return new FileDraft(parts, workspace, { cid, size: 0, metadata: {}, defaults })
  }

  /** Bytes of its content. */
  get size(): number {
    return this.#size
  }

  /** Bytes of memory that what was written takes until it is blocks. */
  get dirtyBytes(): number {
    return this.#dirty.bytes
  }

  /** Writes a copy of `bytes`; beyond the end, what lies between is zeros. @throws LIMIT beyond 1 PiB, else as `putMany` */
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    checkSize(offset + bytes.length)
    // As everywhere, to write nothing does not make a file longer.
    if (bytes.length === 0) return
    await this.#turns.run(async () => {
      this.#dirty.write(offset, bytes)
      this.#size = Math.max(this.#size, offset + bytes.length)
      if (this.#dirty.bytes < MFS_DRAFT_BYTES) return
      await this.#make()
      // One piece is stored while the next one comes.
      await this.#storing
      this.#storing = this.#put()
    })
  }

  /** Cuts the file, or adds zeros. @throws LIMIT beyond 1 PiB */
  async resize(size: number): Promise<void> {
    checkSize(size)
    await this.#turns.run(async () => {
      this.#dirty.cut(size)
      this.#fileEnd = Math.min(this.#fileEnd, size)
      this.#size = size
    })
  }

  /** Content from `offset` on, `length` bytes or up to the end. @throws as `readFile` */
  async read(offset: number, length: number, options: AbortOptions = {}): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.#size - offset)))
    const [file, fileEnd] = [this.#file, this.#fileEnd]
    for (const { start, end } of this.#dirty.read(offset, bytes)) {
      let at = start - offset
      const wanted = { offset: start, length: Math.max(0, Math.min(end, fileEnd) - start), ...options }
      if (wanted.length === 0) continue
      for await (const part of readFile(this.#workspace, file, wanted)) {
        bytes.set(part, at)
        at += part.length
      }
    }
    return bytes
  }

  /**
   * Stores all that was written until now, durably, as a file that says `metadata` of itself. Its blocks are held until
   * {@link settle} or {@link close}.
   *
   * @throws as `BlockStore.putMany`; what was written is still here then
   */
  async store(metadata: Metadata): Promise<FilePart> {
    return this.#turns.run(async () => {
      this.#metadata = metadata
      const file = await this.#make()
      await this.#storing
      await this.#put()
      // What is stored from here on is not what a name will be given to.
      if (this.#hold !== undefined) this.#settled.push(this.#hold)
      this.#hold = undefined
      return file
    })
  }

  /** Ends the holds of what {@link store} has stored, since something names it now. */
  settle(): void {
    for (const hold of this.#settled.splice(0)) hold.release()
  }

  /** Ends all holds: collections may take what nothing names. */
  close(): void {
    this.settle()
    this.#hold?.release()
    this.#hold = undefined
  }

  /** Makes blocks of all that was written. */
  async #make(): Promise<FilePart> {
    const [workspace, defaults, metadata] = [this.#workspace, this.#defaults, this.#metadata]
    let cid = this.#file
    let size = fileSize(await fileRoot(workspace, cid))
    if (this.#fileEnd < size) {
      size = this.#fileEnd
      cid = (await resizeFile(workspace, cid, { size, defaults, metadata })).cid
    }
    for (const { offset, parts } of this.#dirty.runs(MFS_DRAFT_BYTES)) {
      // A copy, since blocks keep what they are made of.
      const bytes = concat([...parts])
      cid = (await writeInto(workspace, cid, { offset, bytes, defaults, metadata })).cid
      size = Math.max(size, offset + bytes.length)
    }
    const made = await resizeFile(workspace, cid, { size: this.#size, defaults, metadata })
    this.#file = made.cid
    this.#fileEnd = this.#size
    this.#dirty.clear()
    return made
  }

  /** Stores what the file needs. A failure is told to whoever awaits it. */
  #put(): Promise<void> {
    const { blocks } = this.#parts
    this.#hold ??= blocks.hold()
    const made = this.#workspace.reachableFrom(this.#file)
    this.#workspace.keep(made)
    const stored = blocks.putMany(made).then(() => this.#workspace.drop(made))
    stored.catch(() => undefined)
    return stored
  }
}

function checkSize(size: number): void {
  if (size <= MFS_FILE_BYTES_MAX) return
  throw new CairnError('LIMIT', `Cannot write a file of ${size} bytes: at most ${MFS_FILE_BYTES_MAX} are allowed`)
}

/** Ends the wait for a block after a time: what nobody has must not keep all others from being stored. */
function patient(reader: BlockReader): BlockReader {
  return {
    get(cid, options) {
      const limit = AbortSignal.timeout(MFS_DRAFT_WAIT_MS)
      const signal = options?.signal === undefined ? limit : AbortSignal.any([options.signal, limit])
      return reader.get(cid, { ...options, signal })
    },
  }
}

// The content of files: read from their blocks, or from the draft of one that is being changed.
import { CairnError, type AbortOptions, type Mfs } from '@cairn/core'
import { FileReaders, type Piece } from './file-reader.ts'
import type { VfsFile } from './vfs-node.ts'

type Draft = NonNullable<VfsFile['draft']>

/** Reads files and changes them. */
export class FileContent {
  readonly #mfs: Mfs
  readonly #readers = new FileReaders()

  constructor(mfs: Mfs) {
    this.#mfs = mfs
  }

  /** Bytes of a file. `key` is whose place in it this is, as an open file. @throws as `readFile` */
  async read(
    file: VfsFile,
    piece: Piece,
    { key = `${file.ino}`, signal }: AbortOptions & { readonly key?: string | undefined } = {},
  ): Promise<Uint8Array> {
    const { draft, saved } = file
    if (draft !== undefined) return draft.read(piece.offset, piece.length, { signal })
    const length = Math.max(0, Math.min(piece.length, file.size - piece.offset))
    if (saved === undefined || length === 0) return new Uint8Array(0)
    const source = { key, reader: file.tree.reader, cid: saved.cid }
    const bytes = await this.#readers.read(source, { offset: piece.offset, length }, { signal })
    if (bytes.length === length) return bytes
    // Said by a link or by a node whose parts say otherwise: to whoever reads on, it would look like the end of the file.
    const { cid } = saved
    throw new CairnError('CORRUPT', `Cannot read ${cid}: it has less content than its ${file.size} bytes`, { cid })
  }

  /** Runs `edit` with the draft of a file, which a write-back takes up from the moment when this begins. */
  async edit(file: VfsFile, edit: (draft: Draft) => Promise<void>, options: AbortOptions): Promise<void> {
    file.version++
    file.writers++
    try {
      const draft = file.draft ?? (await this.#openDraft(file, options))
      try {
        await edit(draft)
      } finally {
        file.size = draft.size
      }
    } finally {
      file.writers--
    }
  }

  /** Keeps the draft that a file may get, until the function that is returned is called. */
  beginWriting(file: VfsFile): () => void {
    file.writers++
    return () => {
      file.writers--
      this.#dropDraft(file)
    }
  }

  /** Ends reading from one place, or from all. */
  close(key?: string): void {
    this.#readers.close(key)
  }

  /** Once all of it is stored and nobody writes, a file is read from its blocks. */
  #dropDraft(file: VfsFile): void {
    if (file.writers > 0 || file.draft === undefined) return
    if (file.version !== file.savedVersion || file.saved === undefined) return
    file.draft.close()
    file.draft = undefined
  }

  #openDraft(file: VfsFile, options: AbortOptions): Promise<Draft> {
    const { saved } = file
    if (saved === undefined) throw new TypeError('a file that is new has a draft')
    file.drafting ??= this.#mfs
      .draft(saved, options)
      .then((draft) => (file.draft = draft))
      .finally(() => (file.drafting = undefined))
    return file.drafting.catch((error: unknown) => {
      // Nothing was changed.
      file.version--
      throw error
    })
  }
}

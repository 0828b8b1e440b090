// Files and folders that programs have open in a mount, by the numbers that the kernel calls them.
import type { Vfs } from '../vfs/vfs.ts'
import type { VfsEntry } from '../vfs/known-nodes.ts'
import type { VfsFile, VfsFolder, VfsNode } from '../vfs/vfs-node.ts'
import { LISTED_AT_ONCE } from '../limits.ts'
import { Errno } from './errno.ts'

/** One listing that goes on: the kernel asks for it in parts, mostly in order. */
class Listing {
  readonly #vfs: Vfs
  readonly #folder: VfsFolder
  #source: AsyncGenerator<VfsEntry> | undefined
  /** Entries that come next. */
  #ahead: { readonly entry: VfsEntry; readonly node: VfsNode | undefined }[] = []
  /** How many entries stand before the first of those. */
  #at = 0

  constructor(vfs: Vfs, folder: VfsFolder) {
    this.#vfs = vfs
    this.#folder = folder
  }

  /** Goes to the entry with this number, from the beginning where it lies behind. */
  async seek(at: number, signal: AbortSignal): Promise<void> {
    if (at < this.#at || this.#source === undefined) {
      await this.close()
      this.#source = this.#vfs.list(this.#folder)
      this.#at = 0
    }
    while (this.#at < at && (await this.peek({ withNode: false, signal })) !== undefined) this.take()
  }

  /** The entry that comes next. Its node is there when it could be had. */
  async peek({
    withNode,
    signal,
  }: {
    readonly withNode: boolean
    readonly signal: AbortSignal
  }): Promise<{ readonly entry: VfsEntry; readonly node: VfsNode | undefined } | undefined> {
    if (this.#ahead.length > 0) return this.#ahead[0]
    const entries: VfsEntry[] = []
    while (entries.length < LISTED_AT_ONCE) {
      const next = await this.#source?.next()
      if (next === undefined || next.done === true) break
      entries.push(next.value)
    }
    const load = async (entry: VfsEntry): Promise<VfsNode | undefined> =>
      withNode ? this.#vfs.nodeOf(this.#folder, entry, { signal }).catch(() => undefined) : entry.node
    const nodes = await Promise.all(entries.map(load))
    this.#ahead = entries.map((entry, index) => ({ entry, node: nodes[index] }))
    return this.#ahead[0]
  }

  take(): void {
    if (this.#ahead.shift() !== undefined) this.#at++
  }

  async close(): Promise<void> {
    this.#ahead = []
    await this.#source?.return(undefined)
    this.#source = undefined
  }
}

/** An open file. */
export interface FileHandle {
  readonly file: VfsFile
  /** Whose place in the file it is. */
  readonly key: string
  readonly close: () => void
}

/** See the head of this file. */
export class Handles {
  readonly #vfs: Vfs
  readonly #files = new Map<number, FileHandle>()
  readonly #listings = new Map<number, Listing>()
  #last = 0

  constructor(vfs: Vfs) {
    this.#vfs = vfs
  }

  openFile(file: VfsFile, { writes }: { readonly writes: boolean }): number {
    const id = ++this.#last
    const endWriting = writes ? this.#vfs.beginWriting(file) : undefined
    this.#vfs.hold(file)
    const key = `fuse-${process.pid}-${file.ino}-${id}`
    const close = (): void => {
      endWriting?.()
      this.#vfs.endReading(key)
      this.#vfs.release(file)
    }
    this.#files.set(id, { file, key, close })
    return id
  }

  /** @throws Errno EBADF */
  file(id: number): FileHandle {
    const handle = this.#files.get(id)
    if (handle === undefined) throw new Errno('EBADF')
    return handle
  }

  closeFile(id: number): void {
    this.#files.get(id)?.close()
    this.#files.delete(id)
  }

  openListing(folder: VfsFolder): number {
    this.#listings.set(++this.#last, new Listing(this.#vfs, folder))
    return this.#last
  }

  /** @throws Errno EBADF */
  listing(id: number): Listing {
    const listing = this.#listings.get(id)
    if (listing === undefined) throw new Errno('EBADF')
    return listing
  }

  async closeListing(id: number): Promise<void> {
    const listing = this.#listings.get(id)
    this.#listings.delete(id)
    await listing?.close()
  }

  async closeAll(): Promise<void> {
    for (const id of this.#files.keys()) this.closeFile(id)
    for (const id of this.#listings.keys()) await this.closeListing(id)
  }
}

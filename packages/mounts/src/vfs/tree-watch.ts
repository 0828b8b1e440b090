// Notices when others change the mutable tree, and has it taken over into what is known of it.
import type { BlockReader, Mfs, TreeEntry } from '@cairn/core'
import { refreshFolder, type RefreshObserver } from './refresh.ts'
import type { VfsFolder } from './vfs-node.ts'

/** What is watched, and who is told. */
export interface TreeWatchParts {
  readonly mfs: Mfs
  readonly root: VfsFolder
  readonly observer: RefreshObserver
  /** Resolves when no write-back is under way: after one of our own the root is the one that we know. */
  idle(): Promise<void>
  /** Told of what keeps a change from being taken over; the next one tries again. */
  onError(error: unknown): void
}

/** See the head of this file. */
export class TreeWatch {
  readonly #parts: TreeWatchParts
  readonly #stop: () => void
  #running: Promise<void> | undefined

  constructor(parts: TreeWatchParts) {
    this.#parts = parts
    this.#stop = parts.mfs.observe(() => this.#onChange())
  }

  /** Takes over the tree at `root`, as `reader` reads it. The caller sees to it that it does not change meanwhile. */
  async takeOver(reader: BlockReader, root: TreeEntry['cid']): Promise<void> {
    await refreshFolder(this.#parts.root, { cid: root, tsize: 0 }, { reader, observer: this.#parts.observer })
  }

  async close(): Promise<void> {
    this.#stop()
    await this.#running
  }

  get #isBehind(): boolean {
    const { root, mfs } = this.#parts
    return root.saved?.cid.equals(mfs.newest.cid) !== true
  }

  #onChange(): void {
    if (!this.#isBehind) return
    this.#running ??= this.#run()
      .catch((error: unknown) => this.#parts.onError(error))
      .finally(() => (this.#running = undefined))
  }

  async #run(): Promise<void> {
    for (await this.#parts.idle(); this.#isBehind; await this.#parts.idle())
      await this.#parts.mfs.change(async (workspace, root) => {
        await this.takeOver(workspace, root)
        return root
      })
  }
}

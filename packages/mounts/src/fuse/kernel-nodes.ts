// The nodes that the kernel knows, by the numbers that it calls them, and how often it has been told of each: such a node
// stays until the kernel forgets it as often.
import type { Vfs } from '../vfs/vfs.ts'
import type { VfsNode } from '../vfs/vfs-node.ts'
import { Errno } from './errno.ts'

/** The number that the kernel has for the root of a mount. */
const ROOT_ID = 1

/** See the head of this file. */
export class KernelNodes {
  readonly #vfs: Vfs
  readonly #root: VfsNode
  readonly #known = new Map<number, { readonly node: VfsNode; lookups: number }>()

  constructor(vfs: Vfs, root: VfsNode) {
    this.#vfs = vfs
    this.#root = root
    vfs.hold(root)
  }

  idOf(node: VfsNode): number {
    return node === this.#root ? ROOT_ID : node.ino + ROOT_ID
  }

  /** @throws Errno ENOENT for a number that the kernel was never told, or has forgotten */
  get(id: number): VfsNode {
    if (id === ROOT_ID) return this.#root
    const known = this.#known.get(id)
    if (known === undefined) throw new Errno('ENOENT')
    return known.node
  }

  isKnown(node: VfsNode): boolean {
    return node === this.#root || this.#known.has(this.idOf(node))
  }

  /** The kernel is told of `node` once more. */
  tell(node: VfsNode): number {
    const id = this.idOf(node)
    const known = this.#known.get(id)
    if (known !== undefined) known.lookups++
    else if (id !== ROOT_ID) {
      this.#known.set(id, { node, lookups: 1 })
      this.#vfs.hold(node)
    }
    return id
  }

  forget(id: number, count: number): void {
    const known = this.#known.get(id)
    if (known === undefined) return
    known.lookups -= count
    if (known.lookups > 0) return
    this.#known.delete(id)
    this.#vfs.release(known.node)
  }

  /** The mount is gone, and with it all that the kernel knew. */
  clear(): void {
    for (const { node } of this.#known.values()) this.#vfs.release(node)
    this.#known.clear()
    this.#vfs.release(this.#root)
  }
}

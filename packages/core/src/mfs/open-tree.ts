// A balanced tree whose right edge is open: leaves are added behind those that it has, and only the nodes of the edge are
// made anew. Gives the very tree that an import of the whole content gives.
import type { FilePart } from '../dag/file-part.ts'
import { joinParts, makeLeaf, type FileForm } from './file-form.ts'
import type { Workspace } from './workspace.ts'

/** Grows to the right. */
export class OpenTree {
  readonly #workspace: Workspace
  readonly #form: FileForm
  /** Parts without a parent yet, leaves first. A full level is closed only when one more comes: it may be the root's. */
  readonly #levels: FilePart[][]
  /** Subtrees full of zeros by their height, since whoever writes far beyond the end makes as many as there are of them. */
  readonly #zeros: FilePart[] = []

  /** @param levels the parts on the open edge, leaves first; each of them at most as many as a node links */
  constructor(workspace: Workspace, form: FileForm, levels: FilePart[][] = []) {
    this.#workspace = workspace
    this.#form = form
    this.#levels = levels
  }

  /** Adds a leaf, or a full subtree when nothing is open below `level`. */
  add(part: FilePart, level = 0): void {
    if (this.#open(level).length === this.#form.linksPerNode) this.#close(level)
    this.#open(level).push(part)
  }

  /** Adds so many full leaves of zeros, in steps that grow with the tree. */
  addZeroLeaves(count: number): void {
    for (let left = count; left > 0;) {
      this.#levels.forEach((open, level) => {
        if (open.length === this.#form.linksPerNode) this.#close(level)
      })
      let level = 0
      let leaves = 1
      while (leaves * this.#form.linksPerNode <= left && this.#open(level).length === 0) {
        leaves *= this.#form.linksPerNode
        level++
      }
      this.add(this.#zeroTree(level), level)
      left -= leaves
    }
  }

  /** Closes the edge and gives the root; without a leaf that is an empty one. */
  finish(): FilePart {
    for (let level = 0; level < this.#levels.length; level++) {
      const [first, ...more] = this.#open(level)
      if (first === undefined) continue
      if (level === this.#levels.length - 1 && more.length === 0) return first
      this.#close(level)
    }
    return makeLeaf(this.#workspace, new Uint8Array(0), this.#form)
  }

  #open(level: number): FilePart[] {
    const open = this.#levels[level] ?? []
    while (this.#levels.length <= level) this.#levels.push([])
    this.#levels[level] = open
    return open
  }

  #close(level: number): void {
    const joined = joinParts(this.#workspace, this.#open(level), this.#form)
    this.#levels[level] = []
    this.add(joined, level + 1)
  }

  #zeroTree(level: number): FilePart {
    const { chunkBytes, linksPerNode } = this.#form
    const known = this.#zeros[level]
    if (known !== undefined) return known
    const made =
      level === 0
        ? makeLeaf(this.#workspace, new Uint8Array(chunkBytes), this.#form)
        : joinParts(
            this.#workspace,
            Array.from({ length: linksPerNode }, () => this.#zeroTree(level - 1)),
            this.#form,
          )
    this.#zeros[level] = made
    return made
  }
}

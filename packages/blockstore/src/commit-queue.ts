// Group commit: blocks that come while a commit is written wait and go out together in the next one, so that many
// small puts share one sync.
import type { Block, Turns } from '@cairn/core'
import { COMMIT_BLOCKS, COMMIT_BYTES } from './limits.ts'

/** One `put`: settled when its last block is committed, or by the first commit that fails. */
interface Request {
  waiting: number
  failed: boolean
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

interface Waiting {
  readonly block: Block
  readonly request: Request
}

/** Collects blocks into commits of bounded size. */
export class CommitQueue {
  readonly #turns: Turns
  readonly #commit: (blocks: readonly Block[]) => Promise<void>
  #waiting: Waiting[] = []
  #scheduled = false

  /** @param commit writes one group of blocks durably; called in a turn of `turns` */
  constructor(turns: Turns, commit: (blocks: readonly Block[]) => Promise<void>) {
    this.#turns = turns
    this.#commit = commit
  }

  /** Resolves once all `blocks` are committed. When it rejects, some of them may be. */
  async put(blocks: readonly Block[]): Promise<void> {
    if (blocks.length === 0) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const request: Request = { waiting: blocks.length, failed: false, resolve, reject }
    for (const block of blocks) this.#waiting.push({ block, request })
    this.#schedule()
    await promise
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0) return
    this.#scheduled = true
    void this.#turns.run(() => this.#run())
  }

  async #run(): Promise<void> {
    const group = this.#take()
    this.#scheduled = false
    this.#schedule()
    try {
      if (group.length > 0) await this.#commit(group.map(({ block }) => block))
      for (const { request } of group) if (--request.waiting === 0) request.resolve()
    } catch (error) {
      for (const { request } of group) {
        request.failed = true
        request.reject(error)
      }
    }
  }

  /** The next group. Blocks of a request that has failed are dropped: nobody waits for them. */
  #take(): Waiting[] {
    const group: Waiting[] = []
    let bytes = 0
    let looked = 0
    for (const waiting of this.#waiting) {
      const { block, request } = waiting
      if (
        !request.failed &&
        group.length > 0 &&
        (group.length === COMMIT_BLOCKS || bytes + block.bytes.length > COMMIT_BYTES)
      )
        break
      looked++
      if (request.failed) continue
      group.push(waiting)
      bytes += block.bytes.length
    }
    this.#waiting = this.#waiting.slice(looked)
    return group
  }
}

// Group commit: blocks that come while a commit is written wait and go out together in the next one, so that many
// small puts share one sync. A commit is begun while the one before it becomes durable.
import { isCairnError, type Block, type Turns } from '@cairn/core'
import { COMMIT_BLOCKS, COMMIT_BYTES, COMMITS_AT_ONCE } from '../limits.ts'

/** A commit that was begun. */
export interface Begun {
  /** Settles with the commit. */
  readonly done: Promise<void>
}

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
  readonly #turns: Pick<Turns, 'run'>
  readonly #begin: (blocks: readonly Block[]) => Promise<Begun>
  #waiting: Waiting[] = []
  #running: Promise<void> | undefined
  /** Ends of the commits that are under way. */
  readonly #ends: Promise<void>[] = []

  /** @param begin begins to write one group of blocks durably; called in a turn of `turns` */
  constructor(turns: Pick<Turns, 'run'>, begin: (blocks: readonly Block[]) => Promise<Begun>) {
    this.#turns = turns
    this.#begin = begin
  }

  /** Resolves once all `blocks` are committed. When it rejects, some of them may be. */
  async put(blocks: readonly Block[]): Promise<void> {
    if (blocks.length === 0) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const request: Request = { waiting: blocks.length, failed: false, resolve, reject }
    for (const block of blocks) this.#waiting.push({ block, request })
    this.#running ??= this.#run()
    await promise
  }

  /** Resolves once no commit is under way. A put that has rejected may still have some, of its later blocks. */
  async settled(): Promise<void> {
    await this.#running
    await Promise.all(this.#ends)
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      while (this.#ends.length >= COMMITS_AT_ONCE) await this.#ends.shift()
      await this.#turns.run(() => this.#commit(this.#take()))
    }
    this.#running = undefined
  }

  /** Begins a commit of `group`; where there is no room for all of it, one for each request, in the order in which they came. */
  async #commit(group: readonly Waiting[]): Promise<void> {
    if (group.length === 0) return
    try {
      this.#ends.push(settle(group, await this.#begin(group.map(({ block }) => block))))
    } catch (error) {
      const requests = Map.groupBy(group, ({ request }) => request)
      if (requests.size === 1 || !isCairnError(error, 'LIMIT')) fail(group, error)
      else for (const own of requests.values()) await this.#commit(own)
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

/** Tells everybody in `group` how its commit ended. */
async function settle(group: readonly Waiting[], { done }: Begun): Promise<void> {
  try {
    await done
    for (const { request } of group) if (--request.waiting === 0) request.resolve()
  } catch (error) {
    fail(group, error)
  }
}

function fail(group: readonly Waiting[], error: unknown): void {
  for (const { request } of group) {
    request.failed = true
    request.reject(error)
  }
}

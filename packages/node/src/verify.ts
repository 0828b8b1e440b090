// Looks at every block of a repo, at a pace that others can bear and over several runs if need be, and fetches again what
// is damaged.
import type { LevelBlockStore } from '@cairn/blockstore'
import { isCairnError, type AbortOptions, type Block, type KeyValueStore } from '@cairn/core'
import { BlockHealer, type HealOutcome, type HealParts } from './heal.ts'
import { FOUND_BLOCKS, HEAL_BLOCKS, NOTE_MS } from './limits.ts'

type CID = Block['cid']

/** How to verify. */
export interface VerifyOptions extends AbortOptions {
  /** Fetches damaged blocks from peers. */
  readonly heal?: boolean
  /** Begins at the first block, also when an earlier run has ended in the middle. */
  readonly restart?: boolean
  /** Bytes to read in a second at most; as many as the disk gives by default. */
  readonly bytesPerSecond?: number | undefined
}

/** What was found. All CIDs are raw CIDv1, since blocks are stored by multihash. */
export type VerifyEvent =
  /** An earlier run was stopped: this one begins where that was. */
  | { readonly kind: 'resumed' }
  | {
      readonly kind: 'progress'
      /** Blocks read in this run, and their bytes. */
      readonly blocks: number
      readonly bytes: number
    }
  /** Damaged blocks that peers have been asked for. */
  | { readonly kind: 'healing'; readonly blocks: number }
  /** Damaged or gone, found just now. */
  | { readonly kind: 'damaged'; readonly cid: CID }
  /** Sound, but the index lacked it or had it in a wrong place. */
  | { readonly kind: 'mended'; readonly cid: CID }
  /** Fetched from a peer and stored anew, or still damaged at the end. */
  | HealOutcome

/** What a verification works on. */
export interface VerifyParts extends HealParts {
  readonly store: LevelBlockStore
  /** Keeps where it is. */
  readonly records: KeyValueStore
}

const CURSOR_KEY = 'verify/next'

/** Forgets where a verification was stopped, since what it had found until then may not be known any more. */
export async function forgetVerified(records: KeyValueStore): Promise<void> {
  try {
    if ((await records.get(CURSOR_KEY)) !== undefined) await noteCursor(records, undefined)
  } catch (error) {
    if (!isCairnError(error)) throw error // closed meanwhile
  }
}

/** What keeps a cursor from being written keeps nothing else from being done: it only saves work, and the disk may be full. */
async function noteCursor(records: KeyValueStore, next: string | undefined): Promise<void> {
  const value = next === undefined ? undefined : new TextEncoder().encode(next)
  try {
    await records.batch([{ key: CURSOR_KEY, value }])
  } catch (error) {
    if (!isCairnError(error)) throw error
  }
}

/** Verifies a repo. @throws the signal's reason; the next run goes on from there */
export async function* verifyRepo(parts: VerifyParts, options: VerifyOptions = {}): AsyncGenerator<VerifyEvent> {
  const outcomes = new Outcomes(parts, options)
  let found: CID[] = []
  for await (const event of look(parts, options)) {
    yield event
    if (event.kind === 'damaged') found.push(event.cid)
    if (found.length < FOUND_BLOCKS) continue
    yield* outcomes.of(unflagged(parts.store, found))
    found = []
  }
  yield* outcomes.of(unflagged(parts.store, found))
  yield* outcomes.of(parts.store.damaged())
}

async function* look(parts: VerifyParts, options: VerifyOptions): AsyncGenerator<VerifyEvent> {
  const { store, records } = parts
  const { restart = false, bytesPerSecond = Infinity, signal } = options
  const start = restart ? undefined : await records.get(CURSOR_KEY)
  if (start !== undefined) yield { kind: 'resumed' }
  const done = { blocks: 0, bytes: 0 }
  const startedMs = performance.now()
  let notedMs = startedMs
  let next = start && new TextDecoder().decode(start)
  try {
    for await (const step of store.scrub(next)) {
      next = step.next
      done.blocks += step.blocks
      done.bytes += step.bytes
      for (const cid of step.damaged) yield { kind: 'damaged', cid }
      for (const cid of step.mended) yield { kind: 'mended', cid }
      yield { kind: 'progress', ...done }
      signal?.throwIfAborted()
      await pause((done.bytes / bytesPerSecond) * 1000 - (performance.now() - startedMs), signal)
      if (performance.now() - notedMs < NOTE_MS) continue
      await noteCursor(records, next)
      notedMs = performance.now()
    }
  } finally {
    await noteCursor(records, next)
  }
}

/** Those of `found` that are damaged and not listed as such, since that could not be written, or was lost with an index. */
async function* unflagged(store: LevelBlockStore, found: readonly CID[]): AsyncGenerator<CID> {
  const countsAsSound = await store.hasMany(found)
  for (const cid of found.filter((_, at) => countsAsSound[at] === true)) {
    if (await isSound(store, cid)) continue
    const [isStillListed = false] = await store.hasMany([cid])
    if (isStillListed) yield cid
  }
}

async function isSound(store: LevelBlockStore, cid: CID): Promise<boolean> {
  try {
    return (await store.get(cid)) !== undefined
  } catch (error) {
    if (isCairnError(error, 'CORRUPT')) return false
    throw error
  }
}

/** Says in the end what became of damaged blocks, and heals them if it is told to. */
class Outcomes {
  readonly #options: VerifyOptions
  readonly #healer: BlockHealer
  #asked = 0

  constructor(parts: HealParts, options: VerifyOptions) {
    this.#options = options
    this.#healer = new BlockHealer(parts)
  }

  async *of(cids: AsyncIterable<CID>): AsyncGenerator<VerifyEvent> {
    const waiting: CID[] = []
    for await (const cid of cids) {
      waiting.push(cid)
      if (waiting.length === HEAL_BLOCKS) yield* this.#settle(waiting.splice(0))
    }
    yield* this.#settle(waiting)
  }

  async *#settle(cids: readonly CID[]): AsyncGenerator<VerifyEvent> {
    const { heal = false, signal } = this.#options
    if (cids.length === 0) return
    if (!heal) {
      for (const cid of cids) yield { kind: 'bad', cid, reason: 'its bytes are damaged or gone' }
      return
    }
    this.#asked += cids.length
    yield { kind: 'healing', blocks: this.#asked }
    yield* await this.#healer.heal(cids, { signal })
  }
}

/** Waits so many milliseconds, if that is any time at all. */
async function pause(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  if (durationMs <= 0) return
  await new Promise<void>((resolve) => {
    const wake = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', wake)
      resolve()
    }
    const timer = setTimeout(wake, durationMs)
    signal?.addEventListener('abort', wake, { once: true })
  })
  signal?.throwIfAborted()
}

// Looks at every block of a repo, at a pace that others can bear and over several runs if need be, and fetches again what
// is damaged.
import type { LevelBlockStore } from '@cairn/blockstore'
import { isCairnError, type AbortOptions, type Block, type BlockReader, type KeyValueStore } from '@cairn/core'
import { HEAL_BLOCKS, HEAL_MS, NOTE_MS } from './limits.ts'

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
  /** Damaged or gone, found just now. */
  | { readonly kind: 'damaged'; readonly cid: CID }
  /** Sound, but the index lacked it or had it in a wrong place. */
  | { readonly kind: 'mended'; readonly cid: CID }
  /** Fetched from a peer and stored anew. */
  | { readonly kind: 'healed'; readonly cid: CID }
  /** Still damaged at the end. */
  | { readonly kind: 'bad'; readonly cid: CID; readonly reason: string }

/** What a verification works on. */
export interface VerifyParts {
  readonly store: LevelBlockStore
  /** Keeps where it is. */
  readonly records: KeyValueStore
  /** Where damaged blocks are fetched through. */
  readonly blocks: BlockReader
}

const CURSOR_KEY = 'verify/next'

/** Verifies a repo. @throws the signal's reason; the next run goes on from there */
export async function* verifyRepo(parts: VerifyParts, options: VerifyOptions = {}): AsyncGenerator<VerifyEvent> {
  yield* look(parts, options)
  const waiting: CID[] = []
  for await (const cid of parts.store.damaged()) {
    waiting.push(cid)
    if (waiting.length === HEAL_BLOCKS) yield* settle(parts.blocks, waiting.splice(0), options)
  }
  yield* settle(parts.blocks, waiting, options)
}

async function* look(parts: VerifyParts, options: VerifyOptions): AsyncGenerator<VerifyEvent> {
  const { store, records } = parts
  const { restart = false, bytesPerSecond = Infinity, signal } = options
  const note = async (next: string | undefined): Promise<void> => {
    const value = next === undefined ? undefined : new TextEncoder().encode(next)
    await records.batch([{ key: CURSOR_KEY, value }])
  }
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
      await note(next)
      notedMs = performance.now()
    }
  } finally {
    await note(next)
  }
}

async function* settle(blocks: BlockReader, cids: readonly CID[], options: VerifyOptions): AsyncGenerator<VerifyEvent> {
  const { heal = false, signal } = options
  const results = await Promise.all(
    cids.map(async (cid): Promise<VerifyEvent> => {
      if (!heal) return { kind: 'bad', cid, reason: 'its bytes are damaged or gone' }
      const limits = [AbortSignal.timeout(HEAL_MS), ...(signal === undefined ? [] : [signal])]
      try {
        await blocks.get(cid, { signal: AbortSignal.any(limits) })
        return { kind: 'healed', cid }
      } catch (error) {
        signal?.throwIfAborted()
        return {
          kind: 'bad',
          cid,
          reason: reasonOf(error),
        }
      }
    }),
  )
  yield* results
}

function reasonOf(error: unknown): string {
  if (!isCairnError(error)) return `no peer sent it in ${HEAL_MS / 1000} s`
  return error.code === 'CORRUPT' ? 'its bytes are damaged or gone, and no peer sent them' : error.message
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

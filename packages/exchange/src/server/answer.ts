// What goes into one answer: looked up first, then chosen by size, then read, so that no more is read than is sent.
import { BLOCK_BYTES_MAX, type Block } from '@cairn/core'
import { SHARED_ANSWER_BYTES, SHARED_BLOCK_BYTES_MIN, SMALL_BLOCK_BYTES } from './limits.ts'
import type { Presence } from '../message.ts'
import { readBlocks, sizesOf, type BlockSource } from './block-source.ts'
import type { Ledger } from './ledger.ts'
import type { SentLately } from './sent-lately.ts'
import type { ServePolicy } from './serve-policy.ts'
import type { LedgerWant } from './want-index.ts'

/** What is read for an answer, and what is said in it. */
export interface Choice {
  readonly chosen: LedgerWant[]
  readonly presences: Presence[]
}

/** Where blocks come from, and who may have them. */
export interface Shelf {
  readonly store: BlockSource
  readonly policy: ServePolicy
  readonly sent: SentLately
}

/** Looks up the next wants of a ledger and chooses which blocks go into one answer; the rest stays in line. */
export async function chooseAnswer(
  shelf: Shelf,
  ledger: Ledger,
  { bytesMax, isBusy }: { bytesMax: number; isBusy: boolean },
): Promise<Choice> {
  const batch = ledger.take(bytesMax, { sent: shelf.sent, isBusy })
  await lookUp(shelf, batch)
  const choice: Choice = { chosen: [], presences: ledger.takeRefusals() }
  const isShared = isBusy || batch.some((want) => ledger.isShared(want))
  const answerBytes = isShared ? Math.min(bytesMax, SHARED_ANSWER_BYTES) : bytesMax
  const given = new Set<LedgerWant>()
  let bytes = 0
  for (const want of batch) {
    if (want.state === 'ended') continue
    if (want.size === undefined) miss(ledger, want, choice.presences)
    else if (want.type === 'have' && want.size > SMALL_BLOCK_BYTES) {
      ledger.remove(want)
      choice.presences.push({ cid: want.cid, has: true })
    } else if (bytes > 0 && bytes + want.size > answerBytes) ledger.requeue(want)
    else {
      choice.chosen.push(want)
      if (want.size >= SHARED_BLOCK_BYTES_MIN) given.add(want)
      bytes += want.size
    }
  }
  for (const want of batch) if (!given.has(want)) shelf.sent.remove(want.blockKey)
  return choice
}

/** Blocks of the wants that are still wanted after reading; those that cannot be read go to `presences`. */
export async function readAnswer({ store }: Shelf, ledger: Ledger, { chosen, presences }: Choice): Promise<Block[]> {
  const found = await readBlocks(
    store,
    chosen.map(({ cid }) => cid),
  )
  const blocks: Block[] = []
  for (const [index, want] of chosen.entries()) {
    const block = found[index]
    if (want.state === 'ended') continue
    if (block === undefined) miss(ledger, want, presences)
    else {
      ledger.remove(want)
      blocks.push(block)
    }
  }
  return blocks
}

/**
 * A block that the store fails for, or that no peer would take, or that the peer may not have, is taken to be lacking, so
 * that the others are served.
 */
async function lookUp({ store, policy }: Shelf, wants: readonly LedgerWant[]): Promise<void> {
  const unknown: LedgerWant[] = []
  for (const want of wants) {
    if (!policy.mayServe(want.peer, want.cid)) want.size = undefined
    else if (want.size === undefined) unknown.push(want)
  }
  const sizes = await sizesOf(
    store,
    unknown.map(({ cid }) => cid),
  )
  for (const [index, want] of unknown.entries()) {
    const size = sizes[index]
    want.size = size !== undefined && size > BLOCK_BYTES_MAX ? undefined : size
  }
}

/** The block is not here: the want waits for it, and the peer hears so if it wants to. */
function miss(ledger: Ledger, want: LedgerWant, presences: Presence[]): void {
  ledger.wait(want)
  if (want.state === 'waiting' && want.sendDontHave) presences.push({ cid: want.cid, has: false })
}

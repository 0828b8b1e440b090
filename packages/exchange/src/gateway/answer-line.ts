// What a gateway has answered and nobody has taken yet. A peer's messages are taken one after another, whatever number of
// requests end at once, and many small answers go together.
import type { Block } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { ANSWER_BYTES, WANTS_PER_MESSAGE } from '../limits.ts'
import { encodeMessage, type Presence } from '../message.ts'

/** The bytes of a block, or whether there is one. */
export interface Answer {
  readonly cid: CID
  readonly answer: Uint8Array | boolean
}

/** Takes one message; the next one comes when it has resolved. */
export type TakeMessage = (message: Uint8Array, about: { readonly hasBlocks: boolean }) => Promise<void>

/** Hands the answers of one gateway on, in their order. */
export class AnswerLine {
  readonly #take: TakeMessage
  #answers: Answer[] = []
  #bytes = 0
  #telling: Promise<void> | undefined

  constructor(take: TakeMessage) {
    this.#take = take
  }

  /** Whether a whole message waits: whoever has more should wait too. */
  get isFull(): boolean {
    return this.#bytes >= ANSWER_BYTES
  }

  /** Resolves when all answers have been taken. */
  tell(answer: Answer): Promise<void> {
    this.#answers.push(answer)
    this.#bytes += bytesOf(answer)
    this.#telling ??= this.#tellAll()
    return this.#telling
  }

  /** Forgets what has not been taken. */
  clear(): void {
    this.#answers = []
    this.#bytes = 0
  }

  async #tellAll(): Promise<void> {
    // What comes in the same turn goes together.
    await Promise.resolve()
    try {
      while (this.#answers.length > 0) {
        const parts = this.#next()
        await this.#take(encodeMessage(parts), { hasBlocks: parts.blocks.length > 0 })
      }
    } finally {
      this.#telling = undefined
    }
  }

  /** As many answers as make one message, oldest first. */
  #next(): { blocks: Pick<Block, 'cid' | 'bytes'>[]; presences: Presence[] } {
    const blocks: Pick<Block, 'cid' | 'bytes'>[] = []
    const presences: Presence[] = []
    let [count, takenBytes] = [0, 0]
    for (const answer of this.#answers) {
      if (count > 0 && (count === WANTS_PER_MESSAGE || takenBytes + bytesOf(answer) > ANSWER_BYTES)) break
      count++
      takenBytes += bytesOf(answer)
      if (typeof answer.answer === 'boolean') presences.push({ cid: answer.cid, has: answer.answer })
      else blocks.push({ cid: answer.cid, bytes: answer.answer })
    }
    this.#answers.splice(0, count)
    this.#bytes -= takenBytes
    return { blocks, presences }
  }
}

function bytesOf({ answer }: Answer): number {
  return typeof answer === 'boolean' ? 0 : answer.length
}

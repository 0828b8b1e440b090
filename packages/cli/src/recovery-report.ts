// Tells a person that the repo was damaged, what was done about it, and what is lost: on standard error, so that nothing
// of it is silent and the output of the command stays what it is.
import type { RecoveryEvent } from '@cairn/node'
import { ProgressLine } from './progress-line.ts'

/** Lost blocks that are named; `cairn repo verify` names them all. */
const NAMED_BLOCKS = 10

/** Reports the recovery of one repo. */
export class RecoveryReport {
  readonly #say: (line: string) => void
  readonly #line: ProgressLine | undefined
  #lost = 0

  /** @param say prints one line; progress is shown when `isTerminal` */
  constructor(say: (line: string) => void, isTerminal: boolean) {
    this.#say = say
    this.#line = isTerminal ? new ProgressLine() : undefined
  }

  add(event: RecoveryEvent): void {
    if (event.kind === 'index' && !event.isDone) {
      this.#line?.update({ name: 'rebuilding the index', blocks: event.blocks })
      return
    }
    this.#line?.clear()
    for (const line of this.#linesOf(event)) this.#say(line)
  }

  #linesOf(event: RecoveryEvent): string[] {
    switch (event.kind) {
      case 'repaired': {
        const kept = event.keptIn === undefined ? '' : `; what it replaced is in ${event.keptIn}`
        return [`Warning: ${event.path} was damaged and has been repaired${kept}`]
      }
      case 'dropped':
        return [`Warning: ${event.bytes} bytes of ${event.path} could not be read and were left out`]
      case 'cut': {
        const what = event.batches === undefined ? 'All that was recorded' : `The end of what was recorded`
        return [`Warning: ${what} in ${event.path} is lost, perhaps pins as well`]
      }
      case 'index': {
        const but = event.isWhole ? '' : ', but parts of the log could not be read'
        return [`The index was made anew from the log: ${event.blocks} blocks${but}`]
      }
      case 'reopened':
        return [`${event.path} takes writes again`]
      case 'damaged':
        return event.foundBy === 'read' ? [] : this.#damaged(event.cids.map(String))
    }
  }

  #damaged(cids: readonly string[]): string[] {
    const named = cids.slice(0, Math.max(NAMED_BLOCKS - this.#lost, 0))
    const lines = named.map((cid) => `Warning: block ${cid} is damaged or gone`)
    const before = this.#lost
    this.#lost += cids.length
    if (before <= NAMED_BLOCKS && this.#lost > NAMED_BLOCKS)
      lines.push('Warning: more blocks are damaged or gone; "cairn repo verify" names them')
    return lines
  }
}

// Tells a person that the repo was damaged, what was done about it, and what is lost: on standard error, so that nothing
// of it is silent and the output of the command stays what it is.
import { formatCount } from '@cairn/core'
import type { RecoveryEvent } from '@cairn/node'
import { ProgressLine } from './progress-line.ts'

/** Reports the recovery of one repo. */
export class RecoveryReport {
  readonly #say: (line: string) => void
  readonly #line: ProgressLine | undefined
  /** Databases of whose repair was told. */
  readonly #repaired = new Set<string>()
  /** Blocks that are lost and were not told of yet. */
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
        // A repair may take several steps, each of which keeps what it replaces in the next folder.
        if (this.#repaired.has(event.path)) return []
        this.#repaired.add(event.path)
        const kept = event.keptIn === undefined ? '' : `; what that replaced is beside it, from ${event.keptIn} on`
        return [`Warning: ${event.path} was damaged and has been repaired${kept}`]
      }
      case 'dropped':
        return [`Warning: ${event.bytes} bytes of ${event.path} could not be read and were left out`]
      case 'cut': {
        const what = event.batches === undefined ? 'All that was recorded' : `The end of what was recorded`
        return [`Warning: ${what} in ${event.path} is lost`]
      }
      case 'index': {
        const but = event.isWhole ? '' : ', but parts of the log could not be read'
        const anew = `The index was made anew from the log: ${formatCount(event.blocks, 'block')}${but}`
        return [anew, ...this.#lostLines()]
      }
      case 'reopened':
        return [`${event.path} takes writes again`]
      case 'damaged':
        // The index comes behind them, and whoever reads one that is damaged says so.
        if (event.foundBy === 'recovery') this.#lost += event.cids.length
        return []
    }
  }

  #lostLines(): string[] {
    const lost = this.#lost
    this.#lost = 0
    if (lost === 0) return []
    return [
      `Warning: ${formatCount(lost, 'block')} damaged or gone; "cairn repo verify" names what is, and with --heal --peer ADDRESS ` +
        'fetches it from a peer',
    ]
  }
}

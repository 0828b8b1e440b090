// One line on standard error that tells how far a long command is; only for a terminal, and gone when it ends.
import { stripVTControlCharacters } from 'node:util'
import cliProgress from 'cli-progress'
import { formatBytes } from './format-bytes.ts'

/** How far the command is. */
export interface ProgressState {
  readonly bytes?: number
  readonly blocks?: number
  readonly files?: number
  /** What is being worked on. */
  readonly name?: string
}

/** Characters of a name that are shown. */
const NAME_MAX = 40

/** The line of one command. Shown by `update`, taken away by `clear`; both may alternate with other output. */
export class ProgressLine {
  readonly #bar: cliProgress.SingleBar
  readonly #totalBytes: number | undefined
  readonly #startedMs = performance.now()
  #isShown = false

  /** `totalBytes` makes it a bar; without it the line only counts. */
  constructor(totalBytes?: number) {
    this.#totalBytes = totalBytes
    const format = totalBytes === undefined ? '{done}' : '{bar} {percentage}% {done}'
    this.#bar = new cliProgress.SingleBar(
      { format, stream: process.stderr, clearOnComplete: true, hideCursor: true, barsize: 24, gracefulExit: false },
      cliProgress.Presets.shades_classic,
    )
  }

  update({ bytes, blocks, files, name }: ProgressState): void {
    const seconds = Math.max((performance.now() - this.#startedMs) / 1000, 0.001)
    const parts = [
      bytes === undefined ? undefined : `${formatBytes(bytes)}  ${formatBytes(bytes / seconds)}/s`,
      blocks === undefined ? undefined : `${blocks} blocks`,
      files === undefined ? undefined : `${files} files`,
      name === undefined ? undefined : stripVTControlCharacters(name).slice(-NAME_MAX),
    ]
    const done = parts.filter((part) => part !== undefined).join('  ')
    if (this.#isShown) this.#bar.update(bytes ?? 0, { done })
    else this.#bar.start(this.#totalBytes ?? 1, bytes ?? 0, { done })
    this.#isShown = true
  }

  clear(): void {
    if (this.#isShown) this.#bar.stop()
    this.#isShown = false
  }
}

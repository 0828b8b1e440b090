// One line on standard error that tells how far a long command is; only for a terminal, and gone when it ends.
import { stripVTControlCharacters } from 'node:util'
import cliProgress from 'cli-progress'
import { formatBytes, formatCount } from '@cairn/core'

/** How far the command is. */
export interface ProgressState {
  readonly bytes?: number
  readonly blocks?: number
  readonly files?: number
  /** Bytes there are to do, if known. */
  readonly totalBytes?: number | undefined
  /** What is being worked on. */
  readonly name?: string
}

/** Characters of a name that are shown. */
const NAME_MAX = 40

/** The line of one command. Shown by `update`, taken away by `clear`; both may alternate with other output. */
export class ProgressLine {
  readonly #totalBytes: number | undefined
  readonly #startedMs = performance.now()
  /** While it is shown. */
  #bar: cliProgress.SingleBar | undefined

  /** `totalBytes`, known now or told by an update, makes it a bar; without it the line only counts. */
  constructor(totalBytes?: number) {
    this.#totalBytes = totalBytes
  }

  update({ bytes, blocks, files, name, totalBytes = this.#totalBytes }: ProgressState): void {
    const seconds = Math.max((performance.now() - this.#startedMs) / 1000, 0.001)
    const parts = [
      bytes === undefined ? undefined : `${formatBytes(bytes)}  ${formatBytes(bytes / seconds)}/s`,
      blocks === undefined ? undefined : formatCount(blocks, 'block'),
      files === undefined ? undefined : formatCount(files, 'file'),
      bytes === undefined || totalBytes === undefined ? undefined : timeLeft(totalBytes - bytes, bytes / seconds),
      name === undefined ? undefined : stripVTControlCharacters(name).slice(-NAME_MAX),
    ]
    const done = parts.filter((part) => part !== undefined).join('  ')
    if (this.#bar === undefined) this.#bar = newBar(totalBytes, { bytes: bytes ?? 0, done })
    else this.#bar.update(bytes ?? 0, { done })
  }

  clear(): void {
    this.#bar?.stop()
    this.#bar = undefined
  }
}

/** When it will be done at this rate, once there is one. */
function timeLeft(bytes: number, bytesPerSecond: number): string | undefined {
  if (bytes <= 0 || bytesPerSecond === 0) return undefined
  const seconds = Math.ceil(bytes / bytesPerSecond)
  const [minutes, hours] = [Math.floor(seconds / 60) % 60, Math.floor(seconds / 3600)]
  const rest = String(seconds % 60).padStart(2, '0')
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest} left` : `${minutes}:${rest} left`
}

/** A bar that is drawn at once. */
function newBar(totalBytes: number | undefined, { bytes, done }: { readonly bytes: number; readonly done: string }) {
  const format = totalBytes === undefined ? '{done}' : '{bar} {percentage}% {done}'
  const bar = new cliProgress.SingleBar(
    { format, stream: process.stderr, clearOnComplete: true, hideCursor: true, barsize: 24, gracefulExit: false },
    cliProgress.Presets.shades_classic,
  )
  bar.start(totalBytes ?? 1, bytes, { done })
  return bar
}

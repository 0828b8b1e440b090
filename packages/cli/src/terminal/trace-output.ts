// The trace of one command as JSON lines, on standard error or in a file. Work never waits for whoever reads it: lines that
// find no room are left out and counted.
import { createWriteStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { systemError } from '@cairn/core'
import type { Node } from '@cairn/node'
import { TraceLog, type TraceLine } from '@cairn/rpc'
import { STANDARD_ERROR } from '../session.ts'

/** Bytes that wait for a slow reader at most: about 5,000 lines. */
const UNREAD_BYTES_MAX = 1024 * 1024
/** Milliseconds after which a block is waited for long enough to say why, and between saying so. */
const WAITING_MS = 1000
/** Milliseconds that a reader has for the rest when the command was stopped. */
const HURRY_MS = 500
/** Blocks that are told of each time, the longest waited for: the others mostly wait for the same reason. */
const WAITING_BLOCKS_MAX = 8

/** Traces one node until it is closed. */
export class TraceOutput {
  readonly #lines: TraceLines
  readonly #log: TraceLog
  readonly #leave: () => void
  readonly #timer: NodeJS.Timeout

  constructor(node: Node, lines: TraceLines) {
    this.#lines = lines
    const log = new TraceLog(
      () => performance.now(),
      (line) => lines.write(line),
    )
    this.#log = log
    this.#leave = node.observe((event) => log.add(event))
    this.#timer = setInterval(() => this.#tellWaiting(node), WAITING_MS).unref()
  }

  /** Writes the sum of it all. Resolves as `TraceLines.close`. */
  async close(signal: AbortSignal): Promise<void> {
    clearInterval(this.#timer)
    this.#leave()
    this.#log.end(this.#lines.dropped)
    await this.#lines.close(signal)
  }

  #tellWaiting({ swarm }: Node): void {
    if (swarm === undefined) return
    const standings = swarm.bitswap.standings(WAITING_BLOCKS_MAX).filter(({ waitedMs }) => waitedMs >= WAITING_MS)
    if (standings.length === 0) return
    const { wantlist, peers } = swarm.bitswap.stats()
    this.#log.wait(standings, wantlist.length, peers.length)
  }
}

/** Opens what `--trace` names. @throws as `systemError` when the file cannot be written */
export async function openTraceLines(target: string): Promise<TraceLines> {
  if (target === STANDARD_ERROR) return new TraceLines(process.stderr, { isOurs: false })
  try {
    const file = await open(target, 'w')
    return new TraceLines(createWriteStream('', { fd: file }), { isOurs: true })
  } catch (cause) {
    throw systemError(`write ${target}`, cause)
  }
}

/** JSON lines to a stream that may be slow or gone. */
export class TraceLines {
  readonly #stream: Writable
  readonly #isOurs: boolean
  #isGone = false
  #untold = 0
  #dropped = 0

  /** @param settings `isOurs`: the stream is ended with the trace */
  constructor(stream: Writable, { isOurs }: { readonly isOurs: boolean }) {
    this.#stream = stream
    this.#isOurs = isOurs
    // A reader that has gone, or a full disk, ends the trace and nothing else.
    stream.on('error', this.#lose)
  }

  /** How many lines found no room. */
  get dropped(): number {
    return this.#dropped
  }

  write(line: TraceLine): void {
    if (this.#isGone) return
    if (this.#stream.writableLength >= UNREAD_BYTES_MAX && line.Event !== 'summary') {
      this.#untold++
      this.#dropped++
      return
    }
    if (this.#untold > 0)
      this.#stream.write(`${JSON.stringify({ Event: 'dropped', Ms: line.Ms, Lines: this.#untold })}\n`)
    this.#untold = 0
    this.#stream.write(`${JSON.stringify(line)}\n`)
  }

  /** Resolves when all is written, or cannot be; soon after `signal` aborts in any case. */
  async close(signal: AbortSignal): Promise<void> {
    if (!this.#isGone) {
      await new Promise<void>((resolve) => {
        const hurry = (): void => void setTimeout(resolve, HURRY_MS)
        if (signal.aborted) hurry()
        else signal.addEventListener('abort', hurry, { once: true })
        this.#stream.once('error', () => resolve())
        if (this.#isOurs) this.#stream.end(() => resolve())
        else this.#stream.write('', () => resolve())
      })
    }
    if (this.#isOurs) this.#stream.destroy()
    else this.#stream.off('error', this.#lose)
  }

  readonly #lose = (): void => {
    this.#isGone = true
  }
}

// The calls that a server works on, and those that have ended of late, with arguments and options cut short. Bounded whatever
// clients do: calls under way by the connections, the others by number and time. Source: kubo, diag cmds.
import type { Command } from '../command.ts'
import type { OptionValues, OptionSpecs } from '../commands/option-spec.ts'
import type { CallEntry, CallList } from '../commands/operation.ts'
import { CALL_ARGUMENT_LENGTH_MAX, CALL_ARGUMENTS_MAX, CALLS_KEPT_MAX, CALLS_KEPT_MS } from './limits.ts'

/** How one request ended. */
export interface EndedCall {
  /** Words of the command with slashes between them; `undefined` for what called none. */
  readonly path: string | undefined
  /** 0 when the client was gone before there was one. */
  readonly status: number
  readonly ms: number
  /** Present when the answer says that the call failed, also after its first byte. */
  readonly error?: unknown
}

/** What of a call is told. */
export interface CallWords {
  readonly command: Command
  readonly args: readonly string[]
  readonly options: OptionValues<OptionSpecs>
}

/** One request under way. */
export interface OpenCall {
  /** It turned out to call this. */
  calls(words: CallWords): void
  fails(error: unknown): void
  end(status: number): void
}

interface Kept {
  readonly id: number
  readonly path: string
  readonly args: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
  readonly startedAt: Date
  endedAt: Date | undefined
}

/** Go's time that is none. */
const NEVER = '0001-01-01T00:00:00Z'

/** Keeps the calls of the servers of one daemon. */
export class CallLog implements CallList {
  readonly #running = new Set<Kept>()
  /** Oldest first. */
  #ended: Kept[] = []
  #keptMs = CALLS_KEPT_MS
  #nextId = 0
  #inFlight = 0
  readonly #onEnd: (call: EndedCall) => void

  constructor(onEnd: (call: EndedCall) => void = () => undefined) {
    this.#onEnd = onEnd
  }

  /** Requests under way. */
  get inFlight(): number {
    return this.#inFlight
  }

  begin(): OpenCall {
    const startedMs = performance.now()
    let kept: Kept | undefined
    let failure: { readonly error: unknown } | undefined
    let isOpen = true
    this.#inFlight++
    return {
      calls: (words) => {
        kept = { ...wordsOf(words), id: this.#nextId++, startedAt: new Date(), endedAt: undefined }
        this.#running.add(kept)
      },
      fails: (error) => {
        failure = { error }
      },
      end: (status) => {
        if (!isOpen) return
        isOpen = false
        this.#inFlight--
        if (kept !== undefined) this.#keep(kept)
        this.#onEnd({ path: kept?.path, status, ms: performance.now() - startedMs, ...failure })
      },
    }
  }

  list(): readonly CallEntry[] {
    this.#forget()
    return [...this.#ended, ...this.#running]
      .toSorted((a, b) => a.id - b.id)
      .map(({ id, path, args, options, startedAt, endedAt }) => ({
        Command: path,
        Args: args,
        ID: id,
        StartTime: startedAt.toISOString(),
        EndTime: endedAt?.toISOString() ?? NEVER,
        Active: endedAt === undefined,
        Options: options,
      }))
  }

  clear(): void {
    this.#ended = []
  }

  keepFor(ms: number): void {
    this.#keptMs = ms
    this.#forget()
  }

  #keep(kept: Kept): void {
    this.#running.delete(kept)
    kept.endedAt = new Date()
    this.#ended.push(kept)
    // Twice as many before they are cut, so that it costs next to nothing a call.
    if (this.#ended.length >= 2 * CALLS_KEPT_MAX) this.#forget()
  }

  #forget(): void {
    const since = Date.now() - this.#keptMs
    this.#ended = this.#ended.slice(-CALLS_KEPT_MAX).filter(({ endedAt }) => (endedAt?.getTime() ?? 0) > since)
  }
}

/** What may be told of a call: no secret, and nothing that is long. */
function wordsOf({ command, args, options }: CallWords): Pick<Kept, 'path' | 'args' | 'options'> {
  const last = command.arguments.at(-1)
  return {
    path: command.path.join('/'),
    args: args
      .slice(0, CALL_ARGUMENTS_MAX)
      .map((text, index) => ((command.arguments[index] ?? last)?.isSecret === true ? '…' : shortened(text))),
    options: Object.fromEntries(Object.entries(options).map(([name, value]) => [name, shortenedValue(value)])),
  }
}

function shortenedValue(value: OptionValues<OptionSpecs>[string]): unknown {
  if (typeof value === 'string') return shortened(value)
  return typeof value === 'object' ? value.slice(0, CALL_ARGUMENTS_MAX).map(shortened) : value
}

function shortened(text: string): string {
  return text.length <= CALL_ARGUMENT_LENGTH_MAX ? text : `${text.slice(0, CALL_ARGUMENT_LENGTH_MAX)}…`
}

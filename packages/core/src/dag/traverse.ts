// Unfolds a DAG in reading order while the next steps are already under way: the one place where read-ahead is
// decided, for files, trees, pins and walks alike. The window is measured in bytes, and in steps for tiny blocks.
import { CairnError } from '../errors.ts'
import type { AbortOptions, FetchOptions } from '../interfaces.ts'
import { Chain, type Place } from './chain.ts'
import { BLOCK_BYTES_MAX, DAG_DEPTH_MAX, READ_AHEAD_ALL_BYTES, READ_AHEAD_BLOCKS, READ_AHEAD_BYTES } from '../limits.ts'

/** Why steps stop that nobody will consume. One for all: to abort without a reason makes an error with its stack each time. */
const ENDED = new Error('The traversal has ended')

/** One piece of work: usually to get a block and look into it. */
export interface Step<Value> {
  /** Bytes that the step will hold until it is consumed, if known; a hint that only shapes the window. */
  readonly bytes?: number | undefined
  /**
   * Called again, after a time, when what it gave was more than its hint and than there is room for: then that is dropped. The
   * options have the hint, for whoever gets the block.
   */
  run(options: FetchOptions): Promise<Visit<Value>>
}

/** What a step gave, the bytes it holds, and the steps below it, which come before its siblings. */
export interface Visit<Value> {
  readonly value: Value
  readonly bytes: number
  /** Taken lazily and in order, so a node with a million links costs no more than the window. */
  readonly next: Iterable<Step<Value>>
  /**
   * Whether `next` depends on nothing but this visit, and so may be taken before its turn: then what lies below nodes
   * ahead is under way as well, and a DAG of few links a node costs no round trip a node.
   */
  readonly isFree?: boolean | undefined
}

/** How much a traversal may hold. */
export interface ReadAheadOptions extends AbortOptions {
  /** Bytes that may be held ahead of the consumer now, asked before each step; `READ_AHEAD_BYTES` by default, and at most. */
  readonly readAhead?: (() => number) | undefined
}

/** How far down a traversal goes. */
export interface TraverseOptions extends ReadAheadOptions {
  /** Levels below the roots; more are a LIMIT. Whoever sets more than the default bounds what its open levels hold. */
  readonly depthMax?: number | undefined
  /** How many traversals share the memory with this one, kept by them; those of this process by default. */
  readonly sharing?: Sharing | undefined
}

/** Traversals under way that share one memory. */
export interface Sharing {
  count: number
}

/**
 * The values of `roots` and of all steps below them, parents before children, siblings in order. Steps ahead of the
 * consumer run concurrently; when the iteration ends in any way they are aborted and waited for.
 *
 * @throws LIMIT below `depthMax` levels, and whatever a step throws, when its turn comes
 */
export async function* traverse<Value>(
  roots: Iterable<Step<Value>>,
  { signal, depthMax = DAG_DEPTH_MAX, readAhead = () => READ_AHEAD_BYTES, sharing = PROCESS }: TraverseOptions = {},
): AsyncGenerator<Value, void, void> {
  signal?.throwIfAborted()
  const ending = new AbortController()
  const waiting = signal === undefined ? ending.signal : AbortSignal.any([signal, ending.signal])
  const window = new Window<Value>(waiting, { depthMax, readAhead, sharing })
  sharing.count++
  try {
    window.unfold(roots, 0)
    for (let head = window.head(); head !== undefined; head = window.head()) {
      const { value, next } = await window.visited(head)
      signal?.throwIfAborted()
      window.consume(head)
      if (!head.isUnfolded) window.unfold(next, head.depth + 1)
      yield value
    }
  } finally {
    ending.abort(ENDED)
    await window.end()
    sharing.count--
  }
}

/** Those under way in this process, which share its memory, whatever they read from. */
const PROCESS: Sharing = { count: 0 }

/** Bytes that one of them may hold ahead. */
function windowBytes({ count }: Sharing): number {
  return Math.min(READ_AHEAD_BYTES, READ_AHEAD_ALL_BYTES / count)
}

/** A step under way. */
interface Running<Value> {
  readonly step: Step<Value>
  readonly visit: Promise<Visit<Value>>
  readonly depth: number
  /** Bytes it is taken to hold: first the hint, then what it really holds. */
  bytes: number
  /** The steps below it, once they are known and may be begun. */
  below: Iterable<Step<Value>> | undefined
  /** Whether the steps below it stand in the queue. */
  isUnfolded: boolean
  /** Where it stands in the queue. */
  place: Place<Entry<Value>> | undefined
}

/** Steps that are not begun yet. */
interface Waiting<Value> {
  readonly steps: Iterator<Step<Value>, unknown>
  readonly depth: number
}

type Entry<Value> = Running<Value> | Waiting<Value>

interface WindowSettings {
  readonly depthMax: number
  readonly readAhead: () => number
  readonly sharing: Sharing
}

class Window<Value> {
  readonly #signal: AbortSignal
  readonly #depthMax: number
  readonly #readAhead: () => number
  readonly #sharing: Sharing
  /** In reading order. Everything taken from an iterator runs, so the number of entries is bounded by window and depth. */
  readonly #queue = new Chain<Entry<Value>>()
  /** The first place at which a step may begin, or `undefined` where there is none: then all that is known runs. */
  #next: Place<Entry<Value>> | undefined
  /** Called when steps are known that may begin. */
  #onBelow: () => void = () => undefined
  #running = 0
  #bytes = 0
  /** Moving average of the bytes of a step, for those that give no hint; begins at what writers should stay below. */
  #typicalBytes = BLOCK_BYTES_MAX / 2

  constructor(signal: AbortSignal, { depthMax, readAhead, sharing }: WindowSettings) {
    this.#signal = signal
    this.#depthMax = depthMax
    this.#readAhead = readAhead
    this.#sharing = sharing
  }

  /** The step whose turn it is, or `undefined` at the end. */
  head(): Running<Value> | undefined {
    this.#fill()
    const head = this.#queue.first?.entry
    return head !== undefined && 'visit' in head ? head : undefined
  }

  /** What the head gave, while steps below others begin as soon as they are known. */
  async visited(head: Running<Value>): Promise<Visit<Value>> {
    for (;;) {
      const { promise, resolve } = Promise.withResolvers<undefined>()
      this.#onBelow = () => resolve(undefined)
      const visit = await Promise.race([head.visit, promise])
      if (visit !== undefined) return visit
      this.#fill()
    }
  }

  /** Frees the room of the head. */
  consume(head: Running<Value>): void {
    const { first } = this.#queue
    if (first === undefined) return
    if (this.#next === first) this.#next = first.after
    this.#queue.remove(first)
    this.#running--
    this.#bytes -= head.bytes
  }

  /** Puts `below` before everything else, and begins the first of them, since it is the head now. */
  unfold(below: Iterable<Step<Value>>, depth: number): void {
    const steps = below[Symbol.iterator]()
    const first = steps.next()
    if (first.done !== true) {
      this.#next = this.#queue.putFirst({ steps, depth })
      const running = this.#begin(first.value, depth)
      running.place = this.#queue.putBefore(this.#next, running)
    }
    this.#fill()
  }

  /** Closes what is waiting, and resolves when no step runs any more, however each of them ended. */
  async end(): Promise<void> {
    for (const entry of this.#queue) if ('steps' in entry) entry.steps.return?.()
    await Promise.allSettled(Array.from(this.#queue, (entry) => ('visit' in entry ? entry.visit : undefined)))
  }

  /** Begins steps in order while there is room; the head always runs, or nothing would ever move. */
  #fill(): void {
    for (let place = this.#next; place !== undefined; place = this.#next) {
      const isFull =
        this.#running >= READ_AHEAD_BLOCKS ||
        this.#bytes + this.#typicalBytes > Math.min(this.#readAhead(), windowBytes(this.#sharing))
      if (isFull && place !== this.#queue.first) return
      const { entry } = place
      if ('visit' in entry) {
        if (entry.below !== undefined && !isFull) this.#unfoldEarly(entry, place)
        this.#next = place.after
        continue
      }
      const step = entry.steps.next()
      if (step.done !== true) {
        const running = this.#begin(step.value, entry.depth)
        running.place = this.#queue.putBefore(place, running)
      } else {
        this.#next = place.after
        this.#queue.remove(place)
      }
    }
  }

  /** Puts the steps below `entry` behind it. */
  #unfoldEarly(entry: Running<Value>, place: Place<Entry<Value>>): void {
    const steps = (entry.below ?? [])[Symbol.iterator]()
    entry.below = undefined
    entry.isUnfolded = true
    this.#queue.putAfter(place, { steps, depth: entry.depth + 1 })
  }

  #begin(step: Step<Value>, depth: number): Running<Value> {
    if (depth > this.#depthMax) throw new CairnError('LIMIT', `Cannot read a DAG of more than ${this.#depthMax} levels`)
    const running: Running<Value> = {
      step,
      visit: step.run({ signal: this.#signal, bytes: step.bytes }),
      depth,
      bytes: step.bytes ?? this.#typicalBytes,
      below: undefined,
      isUnfolded: false,
      place: undefined,
    }
    this.#running++
    this.#bytes += running.bytes
    running.visit.then(
      ({ bytes, next, isFree = false }) => {
        this.#typicalBytes += (bytes - this.#typicalBytes) / 8
        this.#bytes += bytes - running.bytes
        const isMore = bytes > running.bytes
        running.bytes = bytes
        if (isMore && this.#bytes > windowBytes(this.#sharing) + BLOCK_BYTES_MAX) this.#putBack(running)
        else if (isFree && depth < this.#depthMax) {
          running.below = next
          this.#next = this.#queue.first
          this.#onBelow()
        }
      },
      () => undefined, // reported when its turn comes
    )
    return running
  }

  /**
   * Drops what a step gave that was taken for less, and runs it again when there is room: sizes are claimed by whoever made
   * the DAG, and hundreds of large blocks claimed to be tiny would be held at once. They are stored here by now, most often.
   */
  #putBack(running: Running<Value>): void {
    const { place } = running
    // The head is being consumed.
    if (place === undefined || place === this.#queue.first) return
    this.#running--
    this.#bytes -= running.bytes
    const step: Step<Value> = { bytes: running.bytes, run: (options) => running.step.run(options) }
    place.entry = { steps: [step].values(), depth: running.depth }
    this.#next = this.#queue.first
  }
}

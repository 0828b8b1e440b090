// Actions that run at once, and what can be said of each block when all have ended, in whatever order they came.
import type { Known, Model } from './model.ts'

/** Something that is done to a repo. What it expects it asserts itself. */
export interface Action {
  readonly label: string
  /** Keys of blocks that it may put. */
  readonly puts?: ReadonlySet<string>
  /** Keys of blocks that it may put or claim. */
  readonly touches?: ReadonlySet<string>
  /** Pins that it may change, by their text. Actions of one group change different ones. */
  readonly pins?: readonly string[]
  readonly isCollection?: boolean
  /** Cannot share a group. */
  readonly isAlone?: boolean
  run(group: Group): Promise<void>
}

interface Touched {
  readonly keys: ReadonlySet<string>
  readonly begun: number
}

interface About {
  /** What is pinned now. */
  readonly live: ReadonlySet<string>
  readonly protectedSince: number
}

/** Actions that run at once. */
export class Group {
  readonly actions: readonly Action[]
  /** Whether something else runs at the same time as any of the actions. */
  readonly isShared: boolean
  readonly puts: ReadonlySet<string>
  readonly busyPins: ReadonlySet<string>
  readonly #touches: ReadonlySet<string>
  readonly #time: number
  readonly #storedBefore: ReadonlySet<string>
  readonly #liveBefore: ReadonlySet<string>
  readonly #hasCollection: boolean
  readonly #acknowledged: Touched[] = []
  readonly #removed = new Set<string>()
  #clock = 0
  /** When the collection was surely open. */
  #openedAt = Infinity
  #isComplete = false
  #steps = 0
  #stepped = Promise.withResolvers<void>()

  constructor(model: Model, actions: readonly Action[]) {
    this.actions = actions
    this.isShared = actions.length > 1
    this.puts = new Set(actions.flatMap(({ puts = [] }) => [...puts]))
    this.busyPins = new Set(actions.flatMap(({ pins = [] }) => pins))
    this.#touches = new Set([...this.puts, ...actions.flatMap(({ touches = [] }) => [...touches])])
    this.#time = model.time
    this.#storedBefore = model.stored()
    this.#liveBefore = model.live()
    this.#hasCollection = actions.some(({ isCollection }) => isCollection === true)
  }

  /** A moment of the group's own time. */
  tick(): number {
    return this.#clock++
  }

  /** `keys` were put or claimed by an action that began at `begun`. */
  acknowledge(keys: ReadonlySet<string>, begun: number): void {
    this.#acknowledged.push({ keys, begun })
  }

  /** `keys` were deleted on purpose. */
  remove(keys: Iterable<string>): void {
    for (const key of keys) this.#removed.add(key)
  }

  /** The collection is open and has done a step. */
  collectionStep(): void {
    this.#openedAt = Math.min(this.#openedAt, this.#clock++)
    this.#steps++
    this.#stepped.resolve()
    this.#stepped = Promise.withResolvers()
  }

  /** The collection runs no more; `isComplete` when it came to its end. */
  collectionEnd(isComplete: boolean): void {
    this.#isComplete = isComplete
    this.#steps = Infinity
    this.#stepped.resolve()
  }

  /** Whether the collection of this group, if it has one, runs no more. */
  get isCollected(): boolean {
    return !this.#hasCollection || this.#steps === Infinity
  }

  /** Resolves when the collection of this group has done so many steps, or none are to come. */
  async collectionSteps(steps: number): Promise<void> {
    while (this.#hasCollection && this.#steps < steps) await this.#stepped.promise
  }

  /** Whether a look at the block during the group must find it (`true`), must not, or may do either. */
  has(key: string): boolean | undefined {
    if (!this.#storedBefore.has(key)) return this.puts.has(key) ? undefined : false
    if (!this.#hasCollection) return true
    return this.#liveBefore.has(key) && this.busyPins.size === 0 ? true : undefined
  }

  /** Whether a claim of all `keys` must succeed, must fail, or may do either. */
  hasAll(keys: ReadonlySet<string>): boolean | undefined {
    const each = new Set([...keys].map((key) => this.has(key)))
    if (each.has(false)) return false
    return each.has(undefined) ? undefined : true
  }

  /** Whether the block must be there after the group. */
  expects(key: string, known: Known, { live, protectedSince }: About): boolean | undefined {
    if (live.has(key)) return true
    if (this.#removed.has(key)) return false
    const isPut = this.#acknowledged.some(({ keys }) => keys.has(key))
    if (!known.isStored && !isPut) return this.puts.has(key) ? undefined : false
    if (!this.#hasCollection) return true
    if (isPut ? protectedSince < this.#time : known.surelyTouched > protectedSince) return true
    if (this.#acknowledged.some(({ keys, begun }) => begun > this.#openedAt && keys.has(key))) return true
    const isWaste = !this.#liveBefore.has(key) && !this.#touches.has(key) && known.maybeTouched <= protectedSince
    return this.#isComplete && isWaste ? false : undefined
  }

  /** Notes in `known` whether the group has touched the block. */
  touch(key: string, known: Known): void {
    if (this.#touches.has(key)) known.maybeTouched = this.#time
    if (this.#acknowledged.some(({ keys }) => keys.has(key))) known.surelyTouched = this.#time
  }
}

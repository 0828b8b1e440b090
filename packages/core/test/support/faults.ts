// Failures by a script of numbers, so that fast-check finds the shortest one: each operation takes the next number, and
// when they are used up nothing fails any more.
import fc from 'fast-check'
import { CairnError, type ErrorCode } from '../../src/index.ts'

/** What happens to one operation: it is late, it fails untouched, half done or done. */
type Fault =
  | { readonly kind: 'late'; readonly turns: number }
  | { readonly kind: 'before' | 'half' | 'after'; readonly pick: number }

/** How an operation fails. */
export interface FaultyOperation<T> {
  readonly codes: readonly [ErrorCode, ...ErrorCode[]]
  readonly run: () => Promise<T>
  /** Does some of it. */
  readonly half?: () => Promise<unknown>
}

/** A script in which one operation in twenty-five fails, so that most calls get somewhere first. */
export const anyFaults = fc.array(
  fc.oneof({ arbitrary: fc.constant(0), weight: 4 }, { arbitrary: fc.nat(99), weight: 1 }),
  { maxLength: 300, size: 'max' },
)

/** In a script: the operation fails and has done nothing. */
export const FAILS_BEFORE = 81

/** Reads a script. Several stores may share one. */
export class Faults {
  readonly #script: readonly number[]
  readonly #thrown = new Set<unknown>()
  readonly #codes = new Set<ErrorCode>()
  #position = 0

  constructor(script: readonly number[]) {
    this.#script = script
  }

  /** Lets nothing fail from now on. */
  end(): void {
    this.#position = Infinity
  }

  /** `operation`, or one of its failures. */
  async around<T>(operation: FaultyOperation<T>): Promise<T> {
    const fault = faultOf(this.#script[this.#position++] ?? 0)
    for (let turn = 0; fault.kind === 'late' && turn < fault.turns; turn++) await nextTurn()
    if (fault.kind === 'late') return operation.run()
    if (fault.kind === 'half') await operation.half?.()
    if (fault.kind === 'after') await operation.run()
    throw this.failure(operation.codes[fault.pick % operation.codes.length] ?? operation.codes[0])
  }

  /** Whether an iteration fails at the next value. */
  nextFails(): boolean {
    return faultOf(this.#script[this.#position++] ?? 0).kind !== 'late'
  }

  failure(code: ErrorCode): CairnError {
    const error = new CairnError(code, 'Cannot do it: the script says so')
    this.#thrown.add(error)
    this.#codes.add(code)
    return error
  }

  /** Whether `error` is one of the failures, or tells of one by its code. */
  explain(error: unknown): boolean {
    return this.#thrown.has(error) || (error instanceof CairnError && this.#codes.has(error.code))
  }
}

function faultOf(number: number): Fault {
  if (number < 60) return { kind: 'late', turns: 0 }
  if (number < 80) return { kind: 'late', turns: number - 59 }
  const kind = (['before', 'after', 'half'] as const)[number % 3] ?? 'before'
  return { kind, pick: number }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

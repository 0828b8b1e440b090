// Whether a long test holds more and more memory. What is dropped is collected when the engine likes, so only what a collection leaves
// tells, and that is done only when there seems to be much.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes of memory by which the process may grow before it has to be shown that nothing is held. */
const RESIDENT_BYTES_MAX = 256 * 1024 * 1024
/** Bytes that may be held more than at the beginning: caches of the test runner and the last inputs. */
const HELD_BYTES_MAX = 64 * 1024 * 1024

/** Compares the memory of this process with what it was when this was made. */
export class MemoryGrowth {
  readonly #residentBytes = process.memoryUsage().rss
  readonly #heldBytes = heldBytes()

  /** Whether it has grown little, if need be after a collection. */
  isBounded(): boolean {
    if (process.memoryUsage().rss - this.#residentBytes < RESIDENT_BYTES_MAX) return true
    collect()
    return heldBytes() - this.#heldBytes < HELD_BYTES_MAX
  }
}

function heldBytes(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function collect(): void {
  setFlagsFromString('--expose-gc')
  const gc: unknown = runInNewContext('gc')
  if (typeof gc === 'function') gc()
}

// The time of this machine as a Clock.
import type { Clock } from '@cairn/core'

/**
 * Milliseconds since the process began. A delay of 0 runs the action as soon as what came in by now is handled, so that
 * work of one turn is collected; timers keep the process alive.
 */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, action) {
    if (delayMs > 0) {
      const timer = setTimeout(action, delayMs)
      return () => clearTimeout(timer)
    }
    const immediate = setImmediate(action)
    return () => clearImmediate(immediate)
  },
}

// The numbers of this process. Those with the prefix `process_` have the names that Prometheus gives them for every program.
import { readdir } from 'node:fs/promises'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { counter, gauge, type Metric } from '@cairn/node'

/** Milliseconds between two samples of how late timers are. They are taken once somebody scrapes: a node that nobody watches sleeps. */
const DELAY_SAMPLE_MS = 20

/** Measures this process. */
export class ProcessMetrics implements Disposable {
  readonly #delay = monitorEventLoopDelay({ resolution: DELAY_SAMPLE_MS })
  #isSampling = false

  /** How late timers were is told from the second call on, each time since the one before. */
  async read(): Promise<readonly Metric[]> {
    const { user, system } = process.cpuUsage()
    const memory = process.memoryUsage()
    const descriptors = await openDescriptors()
    return [
      counter('process_cpu_seconds_total', 'Seconds of processor time.', (user + system) / 1e6),
      gauge('process_start_time_seconds', 'When the process began, in seconds since 1970.', startSeconds()),
      gauge('process_resident_memory_bytes', 'Bytes of memory that the process takes.', memory.rss),
      gauge('process_heap_bytes', 'Bytes of the heap of JavaScript that are in use.', memory.heapUsed),
      gauge('process_open_fds', 'Open files and sockets.', descriptors === undefined ? [] : [{ value: descriptors }]),
      gauge('cairn_heap_total_bytes', 'Bytes that the heap of JavaScript has taken.', memory.heapTotal),
      gauge('cairn_buffer_bytes', 'Bytes of buffers outside that heap.', memory.arrayBuffers),
      counter('cairn_event_loop_busy_seconds_total', 'Seconds in which the process was busy.', busySeconds()),
      ...this.#delays(),
    ]
  }

  [Symbol.dispose](): void {
    this.#delay.disable()
  }

  #delays(): readonly Metric[] {
    if (!this.#isSampling) {
      this.#isSampling = this.#delay.enable()
      return []
    }
    const delay = this.#delay
    const secondsOf = (ns: number): number => (delay.count === 0 ? 0 : Math.max(0, ns / 1e9 - DELAY_SAMPLE_MS / 1000))
    const rows = [
      gauge('cairn_event_loop_delay_p50_seconds', 'Median of how late timers were.', secondsOf(delay.percentile(50))),
      gauge(
        'cairn_event_loop_delay_p99_seconds',
        'How late all but 1 % were at most.',
        secondsOf(delay.percentile(99)),
      ),
      gauge('cairn_event_loop_delay_max_seconds', 'How late timers were at most.', secondsOf(delay.max)),
    ]
    delay.reset()
    return rows
  }
}

function startSeconds(): number {
  return performance.timeOrigin / 1000
}

function busySeconds(): number {
  return performance.eventLoopUtilization().active / 1000
}

/** Without that of the look itself; `undefined` where the system does not tell. */
async function openDescriptors(): Promise<number | undefined> {
  return readdir('/proc/self/fd').then(
    ({ length }) => length - 1,
    () => undefined,
  )
}

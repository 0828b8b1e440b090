// The numbers of the calls that a daemon was sent, by what they call: a path of the command table or none, so never a name that
// a client made up.
import { counter, gauge, type Metric, type Sample } from '@cairn/node'
import type { EndedCall } from '@cairn/rpc'

/** Seconds that a call takes at most to count below; from what is at hand to transfers of hours. */
const BOUNDS_SECONDS = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 600] as const

/** The label of requests that call no command. */
const NO_COMMAND = 'none'

interface PathTally {
  /** By status; 0 is that of clients that went before there was one. */
  readonly byStatus: Map<number, number>
  /** By index of the bound, and last those above all. */
  readonly buckets: number[]
  seconds: number
  failed: number
}

/** Counts calls. */
export class HttpMetrics {
  readonly #paths = new Map<string, PathTally>()

  add({ path = NO_COMMAND, status, ms, error }: EndedCall): void {
    const tally = this.#paths.get(path) ?? {
      byStatus: new Map<number, number>(),
      buckets: Array.from({ length: BOUNDS_SECONDS.length + 1 }, () => 0),
      seconds: 0,
      failed: 0,
    }
    this.#paths.set(path, tally)
    tally.byStatus.set(status, (tally.byStatus.get(status) ?? 0) + 1)
    const seconds = ms / 1000
    const bound = BOUNDS_SECONDS.findIndex((max) => seconds <= max)
    const index = bound === -1 ? BOUNDS_SECONDS.length : bound
    tally.buckets[index] = (tally.buckets[index] ?? 0) + 1
    tally.seconds += seconds
    if (error !== undefined) tally.failed++
  }

  /** @param inFlight requests under way */
  read(inFlight: number): readonly Metric[] {
    const rows = [...this.#paths].toSorted(([a], [b]) => (a < b ? -1 : 1))
    return [
      gauge('cairn_http_requests_in_flight', 'Requests that are worked on now.', inFlight),
      counter(
        'cairn_http_requests_total',
        'Requests that have ended, by command and status; 0 where the client went before.',
        rows.flatMap(([path, { byStatus }]) =>
          Array.from(byStatus, ([status, value]) => ({ labels: { path, status: String(status) }, value })),
        ),
      ),
      counter(
        'cairn_http_failures_total',
        'Calls that failed, also after the first byte of their answer.',
        rows.map(([path, { failed }]) => ({ labels: { path }, value: failed })),
      ),
      {
        name: 'cairn_http_request_duration_seconds',
        help: 'Seconds from a request to the end of its answer.',
        type: 'histogram',
        samples: rows.flatMap(([path, tally]) => histogramOf(path, tally)),
      },
    ]
  }
}

function histogramOf(path: string, { buckets, seconds }: PathTally): readonly Sample[] {
  let below = 0
  const rows = buckets.map((count, index): Sample => {
    below += count
    const le = BOUNDS_SECONDS[index]
    return { suffix: '_bucket', labels: { path, le: le === undefined ? '+Inf' : String(le) }, value: below }
  })
  return [
    ...rows,
    { suffix: '_sum', labels: { path }, value: seconds },
    { suffix: '_count', labels: { path }, value: below },
  ]
}

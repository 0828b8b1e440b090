// A file on its way from one process to another: how fast, and what both took for it.
import { type NodeArguments, type Reached, type Usage, WatchedProcess } from './watched-process.ts'

/** What one side took. */
export interface SideCost {
  /** From the connection to the end. */
  readonly cpuSeconds: number
  /** Of its whole life. */
  readonly peakRssMiB: number
}

/** How one transfer went. */
export interface Transfer {
  /** From the connection until all is stored. */
  readonly seconds: number
  /** From the connection to the first bytes of the file that are verified. */
  readonly firstByteMs: number
  /** The same from the start of the receiving process. */
  readonly coldMs: number
  readonly source: SideCost
  readonly target: SideCost
  /** Bytes that came more than once, where somebody counts them. */
  readonly duplicateBytes: number
}

/** The two processes of a transfer. */
export interface Route {
  readonly source: NodeArguments
  /** Matches the line of the source that has its address as first group. */
  readonly addressLine: RegExp
  /** Of the process that gets the file, and marks `connected`, `first` and `done` on its way. */
  readonly target: (address: string) => NodeArguments
}

/** Hooks into a transfer. */
export interface TransferOptions {
  /** Told every quarter of a second what the source and the target take. */
  readonly onSample?: (source: Usage, target: Usage) => void
}

const SAMPLE_MS = 250

/** Starts both processes, waits until the file has come over, and ends them. */
export async function transfer(route: Route, { onSample }: TransferOptions = {}): Promise<Transfer> {
  await using source = new WatchedProcess(route.source)
  const [, address = ''] = await source.line(route.addressLine)
  await using target = new WatchedProcess(route.target(address))
  const connected = await target.reached('connected')
  const before = { source: source.usage(), target: target.usage() }
  const sampling = onSample && setInterval(() => onSample(source.usage(), target.usage()), SAMPLE_MS)
  try {
    const first = await target.reached('first')
    const done = await target.reached('done')
    return {
      seconds: (done.atMs - connected.atMs) / 1000,
      firstByteMs: first.atMs - connected.atMs,
      coldMs: first.atMs - target.startedMs,
      source: costOf(before.source, source.usage()),
      target: costOf(before.target, target.usage()),
      duplicateBytes: numberOf(done),
    }
  } finally {
    clearInterval(sampling)
  }
}

function costOf(before: Usage, after: Usage): SideCost {
  return { cpuSeconds: after.cpuSeconds - before.cpuSeconds, peakRssMiB: after.peakRssMiB }
}

function numberOf({ detail }: Reached): number {
  return detail === '' ? 0 : Number(detail)
}

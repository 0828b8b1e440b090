// Timing in pairs, and the rows of the bench: each rate as a ratio to a reference that runs right before it on the same
// input, since machines differ and are noisy, ratios much less so.

/** Pairs of runs behind each row. */
export const RUNS = 5

/** What is timed. */
export interface Work {
  readonly name: string
  readonly run: () => Promise<unknown>
}

/** How much one run does, in units of which the rate is given. */
export interface Amount {
  readonly count: number
  readonly unit: string
}

export const HEADING = `${'what'.padEnd(38)}${'rate'.padStart(16)}   ${'reference'.padEnd(32)}${'rate'.padStart(16)}   ratio`

/** Runs both in turn, so that a slow moment of the machine meets both, and prints a row. */
export async function compare(amount: Amount, work: Work, reference: Work): Promise<void> {
  const rates: number[] = []
  const referenceRates: number[] = []
  await work.run() // not counted: compiles the code and fills the caches
  for (let run = 0; run < RUNS; run++) {
    referenceRates.push(await rateOf(amount, reference.run))
    rates.push(await rateOf(amount, work.run))
  }
  const ratios = rates.map((rate, run) => rate / (referenceRates[run] ?? Number.NaN))
  const columns = [
    work.name.padEnd(38),
    `${median(rates).toFixed(0)} ${amount.unit}/s`.padStart(16),
    `   ${reference.name.padEnd(32)}`,
    `${median(referenceRates).toFixed(0)} ${amount.unit}/s`.padStart(16),
    `   ${spread(ratios)}`,
  ]
  console.log(columns.join(''))
}

/** Prints a figure that has a goal of its own and no reference. */
export function say(name: string, figure: string): void {
  console.log(`${name.padEnd(38)}${figure}`)
}

/** Prints how large this process has been. */
export function sayPeak(): void {
  say('  peak RSS', `${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`)
}

async function rateOf({ count }: Amount, work: Work['run']): Promise<number> {
  const startedMs = performance.now()
  await work()
  return (count * 1000) / (performance.now() - startedMs)
}

/** The median of ratios, with the lowest and the highest. */
export function spread(ratios: readonly number[]): string {
  return `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

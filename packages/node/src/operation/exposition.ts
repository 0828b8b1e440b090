// Metrics as text in the form that Prometheus scrapes. Source: prometheus.io, "Text-based format", version 0.0.4.

/** Names and values of what tells the numbers of one metric apart: few and fixed, whatever strangers do. */
export type Labels = Readonly<Record<string, string>>

/** One number of a metric. */
export interface Sample {
  readonly value: number
  readonly labels?: Labels
  /** Of a histogram, which of its numbers it is. */
  readonly suffix?: '_bucket' | '_sum' | '_count'
}

/** A metric with all its numbers. */
export interface Metric {
  /** Unit last and then, of what only rises, `_total`. */
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly samples: readonly Sample[]
}

/** A number that rises and falls, or one for each of several labels. */
export function gauge(name: string, help: string, value: number | readonly Sample[]): Metric {
  return { name, help, type: 'gauge', samples: samplesOf(value) }
}

/** A number that only rises while the process runs, or one for each of several labels. */
export function counter(name: string, help: string, value: number | readonly Sample[]): Metric {
  return { name, help, type: 'counter', samples: samplesOf(value) }
}

/** The text of `metrics`; one without numbers is left out. */
export function formatMetrics(metrics: readonly Metric[]): string {
  return metrics
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, type, samples }) => {
      const lines = samples.map(
        ({ value, labels = {}, suffix = '' }) => `${name}${suffix}${labelText(labels)} ${numberText(value)}\n`,
      )
      return `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}\n${lines.join('')}`
    })
    .join('')
}

function samplesOf(value: number | readonly Sample[]): readonly Sample[] {
  return typeof value === 'number' ? [{ value }] : value
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value).replaceAll('"', '\\"')}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (Number.isFinite(value)) return String(value)
  return value > 0 ? '+Inf' : '-Inf'
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

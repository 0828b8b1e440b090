// Reads the text format of Prometheus as strictly as its specification puts it. Source: prometheus.io, "Text-based format", 0.0.4.

/** One number. */
export interface ScrapedSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** One metric. */
export interface ScrapedMetric {
  readonly help: string
  readonly type: string
  readonly samples: readonly ScrapedSample[]
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`)
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/y

/** The metrics of `text` by name. @throws for what no strict reader takes */
export function parsePrometheus(text: string): ReadonlyMap<string, ScrapedMetric> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  const metrics = new Map<string, ScrapedMetric & { readonly samples: ScrapedSample[] }>()
  const seen = new Set<string>()
  let current = ''
  const lines = text.split('\n').slice(0, -1)
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    const [, name = '', help] = new RegExp(`^# HELP (${NAME}) (.+)$`).exec(line) ?? []
    if (help !== undefined) {
      const type = new RegExp(`^# TYPE ${name} (counter|gauge|histogram)$`).exec(lines[++at] ?? '')?.[1]
      if (type === undefined || metrics.has(name)) throw new Error(`no type, or a second one: ${name}`)
      if (/\\(?![\\n])/.test(help)) throw new Error(`not escaped: ${line}`)
      metrics.set(name, { help, type, samples: [] })
      current = name
      continue
    }
    const sample = readSample(line)
    const metric = metrics.get(current)
    const suffix = metric?.type === 'histogram' ? '(_bucket|_sum|_count)' : ''
    if (metric === undefined || !new RegExp(`^${current}${suffix}$`).test(sample.name))
      throw new Error(`not below its metric: ${line}`)
    const series = JSON.stringify([sample.name, sortedLabels(sample.labels)])
    if (seen.has(series)) throw new Error(`twice: ${line}`)
    seen.add(series)
    metric.samples.push(sample)
  }
  for (const [name, metric] of metrics) checkMetric(name, metric)
  return metrics
}

function sortedLabels(labels: ScrapedSample['labels']): string[] {
  return Object.entries(labels)
    .map((pair) => JSON.stringify(pair))
    .toSorted()
}

function readSample(line: string): ScrapedSample {
  const [, name, labelText = '', number] = SAMPLE.exec(line) ?? []
  if (name === undefined || number === undefined) throw new Error(`no sample: ${line}`)
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < labelText.length) {
    const [, label, value] = LABEL.exec(labelText) ?? []
    if (label === undefined || value === undefined || label in labels) throw new Error(`no labels: ${line}`)
    labels[label] = value
  }
  const value = number === '+Inf' ? Infinity : number === '-Inf' ? -Infinity : Number(number)
  if (Number.isNaN(value) && number !== 'NaN') throw new Error(`no number: ${line}`)
  return { name, labels, value }
}

function checkMetric(name: string, { type, samples }: ScrapedMetric): void {
  if (samples.length === 0) throw new Error(`no samples: ${name}`)
  if ((type === 'counter') !== name.endsWith('_total'))
    throw new Error(`counters, and they alone, end in _total: ${name}`)
  if (type === 'counter' && samples.some(({ value }) => !(value >= 0))) throw new Error(`negative: ${name}`)
  if (type !== 'histogram') return
  const groups = Map.groupBy(samples, ({ labels }) => JSON.stringify({ ...labels, le: undefined }))
  for (const group of groups.values()) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`)
    const bounds = buckets.map(({ labels }) => (labels['le'] === '+Inf' ? Infinity : Number(labels['le'])))
    const isRising = (numbers: readonly number[], isStrict: boolean): boolean =>
      numbers.every(
        (number, at) => at === 0 || (isStrict ? number > (numbers[at - 1] ?? NaN) : number >= (numbers[at - 1] ?? NaN)),
      )
    const counts = buckets.map(({ value }) => value)
    const count = group.find((sample) => sample.name === `${name}_count`)?.value
    const hasSum = group.some((sample) => sample.name === `${name}_sum`)
    if (
      !hasSum ||
      bounds.at(-1) !== Infinity ||
      !isRising(bounds, true) ||
      !isRising(counts, false) ||
      counts.at(-1) !== count
    )
      throw new Error(`no histogram: ${name}`)
  }
}

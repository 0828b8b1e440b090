// Sizes and durations as people write them, in the notations that Kubo takes.

const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  p: 1e15,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
  pi: 2 ** 50,
}

/** Bytes of a size such as `10GB` (decimal), `1.5GiB` (binary) or `4096`, or `undefined` when the text is none. */
export function parseBytes(text: string): number | undefined {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([kmgtp]?i?)b?$/i.exec(text) ?? []
  const unitBytes = UNIT_BYTES[unit.toLowerCase()]
  const bytes = unitBytes === undefined ? Number.NaN : Math.round(Number(number) * unitBytes)
  return number !== '' && Number.isSafeInteger(bytes) ? bytes : undefined
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** Bytes for people: `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), UNITS.length - 1)
  const value = bytes / 1024 ** power
  return `${value.toFixed(power === 0 ? 0 : 1)} ${UNITS[power] ?? 'B'}`
}

/** A count for people: `1 file`, `2 files`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Milliseconds of the longest duration: what a timer of Node can hold, almost 25 days. */
export const DURATION_MS_MAX: number = 2 ** 31 - 1

/** Milliseconds of a duration such as `300ms`, `10s`, `1m30s` or `2h`, or `undefined` when the text is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined
  let totalMs = 0
  for (const [, number = '', unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    totalMs += Number(number) * (UNIT_MS[unit] ?? 0)
  return totalMs
}

// Durations in the notation that Kubo takes: 300ms, 10s, 1m30s, 2h.

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Milliseconds of the longest duration: what a timer of Node can hold, almost 25 days. */
export const DURATION_MS_MAX = 2 ** 31 - 1

/** Milliseconds of a duration, or `undefined` when the text is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined
  let totalMs = 0
  for (const [, number = '', unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    totalMs += Number(number) * (UNIT_MS[unit] ?? 0)
  return totalMs
}

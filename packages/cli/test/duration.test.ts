import { expect, test } from 'vitest'
import { parseDuration } from '../src/duration.ts'

test.for([
  ['300ms', 300],
  ['10s', 10_000],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['0s', 0],
] as const)('%s', ([text, durationMs]) => {
  expect(parseDuration(text)).toBe(durationMs)
})

test.for(['', '10', 's', '-1s', '1 s', '1d', '1s ', '.5s', '1e3s'])('%j is none', (text) => {
  expect(parseDuration(text)).toBeUndefined()
})

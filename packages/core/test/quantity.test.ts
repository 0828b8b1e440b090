import { expect, test } from 'vitest'
import { formatBytes, formatCount, parseBytes, parseDuration } from '../src/index.ts'

test.for([
  ['0', 0],
  ['4096', 4096],
  ['10GB', 1e10],
  ['10G', 1e10],
  ['1.5 GiB', 1_610_612_736],
  ['1kb', 1000],
  ['1KiB', 1024],
  ['20tb', 2e13],
  ['7B', 7],
] as const)('%s is so many bytes', ([text, bytes]) => {
  expect(parseBytes(text)).toBe(bytes)
})

test.for(['', 'GB', '-1', '1 G B', '1e9', '1xb', '.5GB', '99999PB', ' 1', 'i', '1ib'])('%j is no size', (text) => {
  expect(parseBytes(text)).toBeUndefined()
})

test.for([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1_572_864, '1.5 MiB'],
  [2 ** 30, '1.0 GiB'],
  [2 ** 50, '1024.0 TiB'],
] as const)('%d for people', ([bytes, text]) => {
  expect(formatBytes(bytes)).toBe(text)
})

test.for([
  ['300ms', 300],
  ['10s', 10_000],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['0s', 0],
] as const)('%s is so long', ([text, durationMs]) => {
  expect(parseDuration(text)).toBe(durationMs)
})

test.for(['', '10', 's', '-1s', '1 s', '1d', '1s ', '.5s', '1e3s'])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined()
})

test('one is singular', () => {
  expect([0, 1, 2].map((count) => formatCount(count, 'file'))).toEqual(['0 files', '1 file', '2 files'])
})

import { expect, test } from 'vitest'
import { formatBytes, formatCount } from '../src/format.ts'

test.for([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1_572_864, '1.5 MiB'],
  [2 ** 30, '1.0 GiB'],
  [2 ** 50, '1024.0 TiB'],
] as const)('%d', ([bytes, text]) => {
  expect(formatBytes(bytes)).toBe(text)
})

test('one is singular', () => {
  expect([0, 1, 2].map((count) => formatCount(count, 'file'))).toEqual(['0 files', '1 file', '2 files'])
})

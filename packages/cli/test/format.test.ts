import { expect, test } from 'vitest'
import { formatCount } from '../src/format.ts'

test('one is singular', () => {
  expect([0, 1, 2].map((count) => formatCount(count, 'file'))).toEqual(['0 files', '1 file', '2 files'])
})

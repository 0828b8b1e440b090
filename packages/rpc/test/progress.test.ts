import { expect, test } from 'vitest'
import { reported } from '../src/progress.ts'

test('reports come while the work runs, and the last one always does', async () => {
  const reports = await Array.fromAsync(
    reported<number>(async (report) => {
      for (let count = 1; count <= 100; count++) {
        report(count)
        if (count % 10 === 0) await new Promise(setImmediate)
      }
    }),
  )
  expect(reports.at(-1)).toBe(100)
  expect(reports.length).toBeGreaterThan(5)
  expect(reports).toEqual(reports.toSorted((a, b) => a - b))
})

test('work that reports nothing, or ends at once, gives nothing', async () => {
  expect(await Array.fromAsync(reported(() => Promise.resolve()))).toEqual([])
})

test('a failure comes after the reports before it', async () => {
  const seen: number[] = []
  const run = async () => {
    for await (const value of reported<number>(async (report) => {
      report(1)
      await new Promise(setImmediate)
      throw new Error('failed')
    }))
      seen.push(value)
  }
  await expect(run()).rejects.toThrow('failed')
  expect(seen).toEqual([1])
})

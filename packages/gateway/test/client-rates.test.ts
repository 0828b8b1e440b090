// Requests of one client in a time, and the memory that counting takes.
import { expect, test } from 'vitest'
import { ClientRates } from '../src/server/client-rates.ts'

test('a client may come at once for some seconds, and then at its rate', () => {
  const rates = new ClientRates(2)
  const taken = (nowMs: number, times: number) =>
    Array.from({ length: times }, () => rates.take('a', nowMs)).filter(Boolean).length
  expect(taken(0, 100)).toBe(20)
  expect(taken(500, 10)).toBe(1)
  expect(taken(1500, 10)).toBe(2)
  expect(rates.take('b', 1500)).toBe(true)
  expect(taken(1_000_000, 100)).toBe(20)
})

test('without a bound everything passes, and with one the clients of a flood are forgotten', () => {
  const free = new ClientRates(Infinity)
  expect(Array.from({ length: 1000 }, () => free.take('a', 0)).every(Boolean)).toBe(true)
  const rates = new ClientRates(0.1)
  expect([rates.take('a', 0), rates.take('a', 0)]).toEqual([true, false])
  for (let client = 0; client < 20_000; client++) rates.take(String(client), 0)
  expect(rates.take('a', 0)).toBe(true)
})

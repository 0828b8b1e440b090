import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { SignalWaits } from '../src/turns.ts'

test('many waits for one signal add one listener to it', async () => {
  const waits = new SignalWaits()
  const aborting = new AbortController()
  const never = new Promise<never>(() => undefined)
  const outcomes = Promise.allSettled(
    Array.from({ length: 100 }, (_, index) =>
      waits.abortable(index === 0 ? Promise.resolve('here') : never, aborting.signal),
    ),
  )
  expect(getEventListeners(aborting.signal, 'abort')).toHaveLength(1)
  await waits.abortable(Promise.resolve(), aborting.signal)
  aborting.abort('enough')
  const [first, ...others] = await outcomes
  expect(first).toEqual({ status: 'fulfilled', value: 'here' })
  expect(others).toEqual(others.map(() => ({ status: 'rejected', reason: 'enough' })))
})

test('a wait ends as its promise does, and does not begin when the signal has aborted', async () => {
  const waits = new SignalWaits()
  const { signal } = new AbortController()
  await expect(waits.abortable(Promise.reject(new Error('gone')), signal)).rejects.toThrow('gone')
  await expect(waits.abortable(Promise.resolve(1), AbortSignal.abort('before'))).rejects.toBe('before')
  await expect(waits.abortable(Promise.resolve(1), undefined)).resolves.toBe(1)
})

import { expect, test } from 'vitest'
import { BREACHES_MAX, BREACHES_MS, OFFENDERS_MAX, REFUSED_MS, RETURN_MS, RETURNS_MAX } from '../../src/guard/limits.ts'
import { Offenders } from '../../src/guard/offenders.ts'
import { VirtualClock } from '../virtual-clock.ts'

test('a peer is refused when it breaks the protocol often within a time, and only for a while', async () => {
  const clock = new VirtualClock()
  const offenders = new Offenders(clock)
  const often = Array.from({ length: BREACHES_MAX }, () => offenders.add('a'))
  expect(often).toEqual([...often.slice(1).fill(false), true])
  expect([offenders.isRefused('a'), offenders.isRefused('b')]).toEqual([true, false])
  await clock.pass(REFUSED_MS)
  expect(offenders.isRefused('a')).toBe(false)
})

test('what lies far apart does not add up', async () => {
  const clock = new VirtualClock()
  const offenders = new Offenders(clock)
  for (let times = 0; times < 3 * BREACHES_MAX; times++) {
    expect(offenders.add('a')).toBe(false)
    await clock.pass(BREACHES_MS / (BREACHES_MAX - 1))
  }
})

test('no more of them are remembered than a bound allows', () => {
  const offenders = new Offenders(new VirtualClock())
  const refuse = (peer: string): void => {
    for (let times = 0; times < BREACHES_MAX; times++) offenders.add(peer)
  }
  refuse('first')
  for (let index = 0; index < OFFENDERS_MAX; index++) refuse(`peer ${index}`)
  expect([offenders.isRefused('first'), offenders.isRefused('peer 0')]).toEqual([false, true])
})

test('an address from which they keep coming back is let in no more, until that is forgiven', async () => {
  const clock = new VirtualClock()
  const offenders = new Offenders(clock)
  for (let times = 0; times < BREACHES_MAX; times++) offenders.add('a')
  const comings = Array.from({ length: RETURNS_MAX }, () => [offenders.mayCome('here'), offenders.mayStay('a', 'here')])
  expect(comings).toEqual(comings.map(() => [true, false]))
  expect([offenders.mayCome('here'), offenders.mayCome('elsewhere')]).toEqual([false, true])
  await clock.pass(RETURN_MS)
  expect([offenders.mayCome('here'), offenders.mayStay('b', 'here'), offenders.mayCome('here')]).toEqual([
    true,
    true,
    true,
  ])
})

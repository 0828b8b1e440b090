import { expect, test } from 'vitest'
import type { Placed } from '../src/log/block-log.ts'
import { LOOK_UP_KEYS_MAX, LOOK_UPS_AT_ONCE } from '../src/limits.ts'
import { LookUps } from '../src/log/look-ups.ts'

const keyOf = (number: number): Uint8Array => Uint8Array.of(number % 256, Math.floor(number / 256))
const placeOf = (multihash: Uint8Array): Placed => ({
  multihash,
  location: { sequence: Buffer.from(multihash).readUInt16LE(), size: 1 },
})

test('what comes while others run shares calls of bounded size, and everybody gets its own', async () => {
  const sizes: number[] = []
  const lookUps = new LookUps(async (multihashes) => {
    sizes.push(multihashes.length)
    await new Promise((resolve) => setImmediate(resolve))
    return multihashes.map(placeOf)
  })
  const count = LOOK_UPS_AT_ONCE + 3 * LOOK_UP_KEYS_MAX
  const found = await Promise.all(Array.from({ length: count }, (_, index) => lookUps.find([keyOf(index)])))
  expect(found.map(([place]) => place?.location.sequence)).toEqual(Array.from({ length: count }, (_, index) => index))
  expect(sizes).toEqual([...Array<number>(LOOK_UPS_AT_ONCE).fill(1), ...Array<number>(3).fill(LOOK_UP_KEYS_MAX)])
})

test('a look-up of more keys than the bound goes by itself, and a failure is that of its call', async () => {
  const large = Array.from({ length: LOOK_UP_KEYS_MAX + 1 }, (_, index) => keyOf(index))
  const lookUps = new LookUps((multihashes) =>
    multihashes.length === 2 ? Promise.reject(new Error('damaged')) : Promise.resolve(multihashes.map(placeOf)),
  )
  const running = Array.from({ length: LOOK_UPS_AT_ONCE }, () => lookUps.find([keyOf(1)]))
  const [many, failed] = await Promise.allSettled([lookUps.find(large), lookUps.find([keyOf(1), keyOf(2)])])
  expect(many).toMatchObject({ status: 'fulfilled', value: { length: LOOK_UP_KEYS_MAX + 1 } })
  expect(failed.status).toBe('rejected')
  await Promise.all(running)
  expect(await lookUps.find([keyOf(7)])).toEqual([placeOf(keyOf(7))])
})

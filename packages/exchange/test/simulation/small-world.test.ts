// Many small worlds, each from its seed. A failure names the seed; CAIRN_SEED plays that one alone, and shows its log.
import process from 'node:process'
import { expect, test } from 'vitest'
import { playSmallWorld } from './small-world.ts'

const isLong = process.env['CAIRN_SLOW'] === '1'
const chosen = process.env['CAIRN_SEED']
const FIRST = Number(chosen ?? (isLong ? Date.now() % 1_000_000_000 : 1))
const COUNT = chosen === undefined ? Number(process.env['CAIRN_SEEDS'] ?? (isLong ? 100_000 : 1000)) : 1

test(`${COUNT} worlds from seed ${FIRST} on keep every promise`, { timeout: 60_000 + COUNT * 100 }, async () => {
  for (let seed = FIRST; seed < FIRST + COUNT; seed++) {
    const { violations, log } = await playSmallWorld(seed).catch((cause: unknown) => {
      throw new Error(`seed ${seed}: ${String(cause)}`, { cause })
    })
    if (chosen !== undefined) console.log(log.join('\n'))
    expect(violations, `seed ${seed}`).toEqual([])
  }
})

test('a seed replays to the same log', async () => {
  for (const seed of [FIRST, FIRST + 1, FIRST + 2]) {
    const [once, again] = [await playSmallWorld(seed), await playSmallWorld(seed)]
    expect(again.log.join('\n')).toBe(once.log.join('\n'))
  }
})

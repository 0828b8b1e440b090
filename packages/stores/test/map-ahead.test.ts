import { setImmediate as tick } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AHEAD_BYTES } from '../src/limits.ts'
import { mapAhead } from '../src/map-ahead.ts'

const small = { bytesOf: () => 1 }

describe('mapAhead', () => {
  it('keeps the order of the source, however long each item takes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3), { maxLength: 30 }), async (delays) => {
        const items = delays.map((ticks, index) => ({ ticks, index }))
        const results = mapAhead(items, {
          start: async ({ ticks, index }) => {
            for (let turn = 0; turn < ticks; turn++) await tick()
            return index
          },
          ...small,
        })
        expect(await Array.fromAsync(results)).toEqual(items.map(({ index }) => index))
      }),
    )
  })

  it('begins later items while the first is awaited, as far as the bytes go', async () => {
    let begun = 0
    const first = Promise.withResolvers<void>()
    const results = mapAhead(
      Array.from({ length: 10 }, (_, index) => index),
      {
        start: async (index) => {
          begun++
          if (index === 0) await first.promise
        },
        bytesOf: () => AHEAD_BYTES / 4,
      },
    )
    const all = Array.fromAsync(results)
    while (begun < 4) await tick()
    await tick()
    expect(begun).toBe(4)
    first.resolve()
    await all
    expect(begun).toBe(10)
  })

  it('gives a result while the source has no next item yet', async () => {
    const more = Promise.withResolvers<void>()
    const results = mapAhead(
      (async function* () {
        yield 1
        await more.promise
        yield 2
      })(),
      { start: async (item) => item, ...small },
    )
    expect(await results.next()).toEqual({ value: 1, done: false })
    more.resolve()
    expect(await results.next()).toEqual({ value: 2, done: false })
    expect(await results.next()).toEqual({ value: undefined, done: true })
  })

  it('fails in order, and only after what it has begun is over', async () => {
    let running = 0
    const results = mapAhead([3, 1, 2], {
      start: async (ticks) => {
        running++
        for (let turn = 0; turn < ticks * 10; turn++) await tick()
        running--
        if (ticks === 1) throw new RangeError('one')
        return ticks
      },
      ...small,
    })
    expect(await results.next()).toEqual({ value: 3, done: false })
    await expect(results.next()).rejects.toThrow(RangeError)
    expect(running).toBe(0)
  })

  it('ends the source when the consumer breaks', async () => {
    let ended = false
    const source = (async function* () {
      try {
        for (let item = 0; ; item++) yield item
      } finally {
        ended = true
      }
    })()
    for await (const item of mapAhead(source, { start: async (given) => given, ...small })) if (item === 3) break
    await tick()
    expect(ended).toBe(true)
  })

  it('stops at once when its signal aborts, though the source hangs', async () => {
    const controller = new AbortController()
    const hanging = (async function* (): AsyncGenerator<number> {
      yield await new Promise<number>(() => undefined)
    })()
    const results = mapAhead(hanging, { start: async (item) => item, ...small, signal: controller.signal })
    const next = results.next()
    controller.abort(new RangeError('enough'))
    await expect(next).rejects.toThrow(RangeError)
  })
})

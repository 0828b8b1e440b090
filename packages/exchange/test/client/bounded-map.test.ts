import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BoundedMap } from '../../src/client/bounded-map.ts'

test('has what was set last, whatever was deleted and set again between', () => {
  const steps = fc.array(fc.record({ key: fc.nat(20), isSet: fc.boolean() }), { maxLength: 300 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), steps, (sizeMax, all) => {
      const map = new BoundedMap<number>(sizeMax)
      let expected: [string, number][] = []
      for (const [step, { key, isSet }] of all.entries()) {
        const name = `${key}`
        const wasThere = expected.some(([other]) => other === name)
        expected = expected.filter(([other]) => other !== name)
        if (isSet) {
          map.set(name, step)
          expected = [...expected, [name, step] as [string, number]].slice(-sizeMax)
        } else expect(map.delete(name)).toBe(wasThere)
        for (let other = 0; other <= 20; other++)
          expect(map.get(`${other}`)).toBe(expected.find(([has]) => has === `${other}`)?.[1])
      }
    }),
  )
})

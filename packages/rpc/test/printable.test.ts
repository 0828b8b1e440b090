import fc from 'fast-check'
import { expect, test } from 'vitest'
import { printable } from '../src/printable.ts'

test.for([
  ['plain name.txt', 'plain name.txt'],
  ['日本 🎉 👩‍👩‍👧 e\u0301', '日本 🎉 👩‍👩‍👧 e\u0301'],
  ['a\nb', 'a\\u000ab'],
  ['\u001B[2J', '\\u001b[2J'],
  ['\u202Egnp.exe', '\\u202egnp.exe'],
  ['back\\slash', 'back\\\\slash'],
] as const)('%j', ([name, shown]) => {
  expect(printable(name)).toBe(shown)
})

test('what is shown stays on its line, and different names stay different', () => {
  const text = fc.string({ unit: 'binary', maxLength: 20 })
  fc.assert(
    fc.property(text, text, (one, two) => {
      expect(printable(one)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u)
      expect(printable(one) === printable(two)).toBe(one === two)
    }),
  )
})

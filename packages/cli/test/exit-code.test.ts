import { CairnError } from '@cairn/core'
import { expect, test } from 'vitest'
import { EXIT, failureOf, Interrupted } from '../src/exit-code.ts'

test('a failure is one line, whatever its message quotes', () => {
  const { exitCode, line } = failureOf(new CairnError('INVALID', 'Cannot read "a\n b\u001B[2J\rc\u2028"'))
  expect(exitCode).toBe(EXIT.failed)
  expect(line).toMatch(/^Error: Cannot read [\u0020-\u007E]+$/)
})

test('a signal has its own code and is no error', () => {
  expect(failureOf(new Interrupted('SIGINT')).exitCode).toBe(130)
  expect(failureOf(new Interrupted('SIGTERM')).exitCode).toBe(143)
})

test('a fault in Cairn shows where it is', () => {
  expect(failureOf(new TypeError('oops')).line).toContain('exit-code.test.ts')
  expect(failureOf('text')).toEqual({ exitCode: EXIT.failed, line: 'Error: text' })
})

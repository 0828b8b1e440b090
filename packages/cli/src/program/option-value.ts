// Values of options, from the words that stand for them on a command line.
import { CairnError, DURATION_MS_MAX, parseDuration } from '@cairn/core'
import { InvalidArgumentError } from 'commander'

/** Milliseconds of a duration such as 30s. @throws InvalidArgumentError */
export function durationOf(text: string): number {
  const durationMs = parseDuration(text)
  if (durationMs === undefined) throw new InvalidArgumentError('It is no duration such as 300ms, 10s or 1m30s.')
  if (durationMs > DURATION_MS_MAX) throw new InvalidArgumentError('It is more than 24 days.')
  return durationMs
}

/** A whole number from 0 up. @throws InvalidArgumentError */
export function countOf(text: string, choices: readonly string[] | undefined): number {
  if (choices?.includes(text) === false) throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`)
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It is no whole number from 0 up.')
  return Number(text)
}

/** All texts of an option that may be given several times. */
export function andMore(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}

/** A text that `check` does not refuse. */
export function checkedText(check: (text: string) => unknown): (text: string) => string {
  return (text) => {
    try {
      check(text)
      return text
    } catch (error) {
      throw error instanceof CairnError ? new InvalidArgumentError(error.message) : error
    }
  }
}

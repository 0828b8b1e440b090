// Permissions and times as people write them, for every command that takes them.
import { CairnError } from '@cairn/core'

/** Permission bits from octal digits, with or without a leading `0` or `0o`. @throws INVALID for anything else */
export function parseMode(text: string): number {
  const digits = /^(?:0o)?([0-7]{1,5})$/.exec(text)?.[1]
  const mode = Number.parseInt(digits ?? '', 8)
  if (!(mode <= 0o7777)) throw refusal(text, 'permissions, which are octal digits up to 7777')
  return mode
}

/** Whole seconds since 1970, negative before it. @throws INVALID for anything else, and beyond 64 bits */
export function parseSeconds(text: string): bigint {
  const seconds = /^[+-]?\d{1,19}$/.test(text) ? BigInt(text.replace('+', '')) : undefined
  if (seconds === undefined || BigInt.asIntN(64, seconds) !== seconds) {
    throw refusal(text, 'a time, which is a whole number of seconds since 1970')
  }
  return seconds
}

/** Nanoseconds after a second. @throws INVALID for anything but 0 to 999,999,999 */
export function parseNanoseconds(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw refusal(text, 'nanoseconds, which are 0 to 999999999')
  return Number(text)
}

/** Permission bits as Kubo prints them: octal with a leading zero. */
export function formatMode(mode: number): string {
  return `0${mode.toString(8)}`
}

function refusal(text: string, what: string): CairnError {
  return new CairnError('INVALID', `Cannot use "${text}" as ${what}`)
}

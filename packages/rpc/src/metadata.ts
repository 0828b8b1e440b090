// Permissions and times as people write them, for every command that takes them.
import { CairnError, type Metadata, type UnixTime } from '@cairn/core'

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

/** What stands for no time at all, as Go has it. */
const NO_TIME = '0001-01-01T00:00:00Z'

/** Seconds since 1970 of the first and of the last moment that a date can have which Go writes as JSON. */
const [DATE_MIN, DATE_MAX] = [-62_167_219_200n, 253_402_300_799n]

/** A time as Go writes it in JSON, in UTC; one that no date of four digits can be is none. */
export function formatGoTime(mtime: UnixTime | undefined): string {
  if (mtime === undefined || mtime.seconds < DATE_MIN || mtime.seconds > DATE_MAX) return NO_TIME
  const date = new Date(Number(mtime.seconds) * 1000).toISOString().slice(0, 'yyyy-mm-ddThh:mm:ss'.length)
  const fraction = mtime.nanoseconds === 0 ? '' : `.${String(mtime.nanoseconds).padStart(9, '0').replace(/0+$/, '')}`
  return `${date}${fraction}Z`
}

/** Bits of Go's FileMode beside those of permissions. Source: Go, io/fs. */
const GO_MODE = { directory: 2 ** 31, symlink: 2 ** 27, setuid: 2 ** 23, setgid: 2 ** 22, sticky: 2 ** 20 } as const

/** Permissions as the number that Go has for them and for the type of what has them; 0 where there are none. */
export function goMode({ mode }: Metadata, type: 'file' | 'directory' | 'symlink'): number {
  if (mode === undefined) return 0
  const has = (bit: number, value: number): number => ((mode & bit) === 0 ? 0 : value)
  return (
    (mode & 0o777) +
    has(0o4000, GO_MODE.setuid) +
    has(0o2000, GO_MODE.setgid) +
    has(0o1000, GO_MODE.sticky) +
    (type === 'file' ? 0 : GO_MODE[type])
  )
}

/** Permissions as `ls` shows them. */
export function permissionText(mode: number, isDirectory: boolean): string {
  const letters = Array.from('rwxrwxrwx', (letter, index) => ((mode & (0o400 >> index)) === 0 ? '-' : letter))
  return `${isDirectory ? 'd' : '-'}${letters.join('')}`
}

function refusal(text: string, what: string): CairnError {
  return new CairnError('INVALID', `Cannot use "${text}" as ${what}`)
}

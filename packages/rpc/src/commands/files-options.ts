// Options that commands for mutable files share, and what follows from them.
import { HASH_NAMES, hashByName, parseMfsPath, type Metadata, type NodeForm } from '@cairn/core'
import type { OptionSpecs, OptionValues } from './option-spec.ts'
import { parseMode, parseNanoseconds, parseSeconds } from '../metadata.ts'

/** The argument of most of these commands. */
export const MFS_PATH = { name: 'path', help: 'path of a file or folder, from / on' } as const

/** When a command is done. */
export const FLUSH = {
  flush: { type: 'flag', short: 'f', help: 'wait until the change is durable; on by default' },
} as const satisfies OptionSpecs

/** What the CID of something new looks like. */
export const FORM = {
  'cid-version': { type: 'count', value: 'N', choices: ['0', '1'], help: 'CID version; that of the parent by default' },
  hash: { type: 'text', value: 'NAME', choices: HASH_NAMES, help: 'hash function; goes with CID version 1' },
} as const satisfies OptionSpecs

/** Permissions and time. */
export const METADATA = {
  mode: { type: 'text', value: 'OCTAL', check: parseMode, help: 'store these permissions' },
  mtime: { type: 'text', value: 'SECONDS', check: parseSeconds, help: 'store this time of change, since 1970' },
  'mtime-nsecs': { type: 'text', value: 'N', check: parseNanoseconds, help: 'nanoseconds after --mtime' },
} as const satisfies OptionSpecs

/** The form that the options ask for; a hash function brings CID version 1, as in Kubo. */
export function formOf({ 'cid-version': version, hash }: OptionValues<typeof FORM>): Partial<NodeForm> {
  if (hash !== undefined) return { cidVersion: 1, hash: hashByName(hash).name }
  return version === undefined ? {} : { cidVersion: version === 0 ? 0 : 1, hash: 'sha2-256' }
}

/** What the options say of permissions and time; `undefined` when they say nothing. */
export function metadataOf(options: OptionValues<typeof METADATA>): Metadata | undefined {
  const { mode, mtime, 'mtime-nsecs': nanoseconds = '0' } = options
  if (mode === undefined && mtime === undefined) return undefined
  return {
    ...(mode === undefined ? {} : { mode: parseMode(mode) }),
    ...(mtime === undefined
      ? {}
      : { mtime: { seconds: parseSeconds(mtime), nanoseconds: parseNanoseconds(nanoseconds) } }),
  }
}

/** Whether a path names immutable content instead of a mutable file. */
export function isContentPath(path: string): boolean {
  return /^(\/ipfs\/|ipfs:\/\/|https?:\/\/)/.test(path)
}

/** The last name of a path, or nothing for the root. */
export function lastName(path: string): string {
  return parseMfsPath(path).names.at(-1) ?? ''
}

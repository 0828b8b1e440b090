// Results with their CIDs in another base, or as version 1. Where results hold CIDs is known by the names of their fields, so that
// no command has to know of it. Source: kubo core/commands/cmdenv/cidbase.go, go-cidutil cidenc.
import { isCairnError, parseCid } from '@cairn/core'
import type { Command } from '../command.ts'
import { baseNamed } from './multibase.ts'

/** What is asked of the CIDs in results. */
export interface CidFormOptions {
  /** Name or letter of a base for CIDs of version 1. It makes such of version 0, unless `upgrade` is false. */
  readonly base?: string | undefined
  /** Whether CIDs of version 0 come as version 1. */
  readonly upgrade?: boolean | undefined
}

/** Gives a result of a command in the form that is asked for. */
export type CidForm = (result: unknown) => unknown

/** First words of the commands whose results have CIDs in fields of the names below. */
const GROUPS: ReadonlySet<string> = new Set([
  'add',
  'bitswap',
  'block',
  'dag',
  'files',
  'ls',
  'pin',
  'refs',
  'repo',
  'resolve',
  'stats',
])

/** Fields with a CID, or a list of them. */
const FIELDS: ReadonlySet<string> = new Set(['Cid', 'Hash', 'Key', 'Pins'])

/** Fields in whose text a CID may stand among other words. */
const TEXTS: ReadonlySet<string> = new Set(['Path', 'Ref', 'Type'])

/**
 * How results of `command` get their CIDs in that form, `undefined` where nothing changes. As in Kubo, links in the JSON of IPLD,
 * `{"/": CID}`, only change where people read them (`isForPeople`).
 *
 * @throws UNSUPPORTED for a base that there is not
 */
export async function cidForm(
  { path }: Pick<Command, 'path'>,
  { base, upgrade = base !== undefined }: CidFormOptions,
  isForPeople: boolean,
): Promise<CidForm | undefined> {
  if (base === undefined && !upgrade) return undefined
  const { encoder } = await baseNamed(base ?? 'base32')
  if (!GROUPS.has(path[0] ?? '')) return undefined
  const reform = (text: string): string => {
    try {
      const cid = parseCid(text)
      if (cid.version === 0 && !upgrade) return text
      return encoder.encode(cid.toV1().bytes)
    } catch (error) {
      if (isCairnError(error)) return text // no CID
      throw error
    }
  }
  return (result) => reformed(result, { reform, isForPeople })
}

interface Reforming {
  readonly reform: (cid: string) => string
  readonly isForPeople: boolean
}

function reformed(value: unknown, how: Reforming): unknown {
  if (Array.isArray(value)) return value.map((item) => reformed(item, how))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, inside]): [string, unknown] => [name, fieldOf(name, inside, how)])
  const { Name, Hash } = value as { readonly Name?: unknown; readonly Hash?: unknown }
  // What has no name goes by its CID.
  if (Name !== undefined && Name === Hash) entries.push(['Name', how.reform(String(Hash))])
  // What a listing calls `Hash` is the path that was asked for.
  if ('Links' in value) entries.push(['Hash', Hash])
  return Object.fromEntries(entries)
}

function fieldOf(name: string, value: unknown, how: Reforming): unknown {
  const { reform, isForPeople } = how
  if (typeof value === 'string') {
    if (FIELDS.has(name) || (name === '/' && isForPeople)) return reform(value)
    if (TEXTS.has(name)) return value.replaceAll(/[0-9A-Za-z+]{46,}/g, reform)
    return value
  }
  if (name === 'Pins' && Array.isArray(value)) return value.map((item) => reform(String(item)))
  if (name === 'Keys' && typeof value === 'object' && value !== null && !Array.isArray(value))
    return Object.fromEntries(Object.entries(value).map(([cid, about]) => [reform(cid), reformed(about, how)]))
  return reformed(value, how)
}

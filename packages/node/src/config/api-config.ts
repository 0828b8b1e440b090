// Settings of the RPC in the config: where it listens, and which pages of other origins may call it. Names are Kubo's.
import { CairnError } from '@cairn/core'

/** Settings of the section `API`. */
export interface ApiConfig {
  /** Headers by their names; `Access-Control-Allow-Origin` has the origins that may call, `*` for all. */
  readonly HTTPHeaders?: Readonly<Record<string, readonly string[]>>
}

/** @throws INVALID for a value of another form */
export function parseApi({ HTTPHeaders: headers }: Readonly<Record<string, unknown>>): ApiConfig {
  if (headers === undefined || headers === null) return {}
  if (typeof headers !== 'object' || !Object.values(headers).every(isTexts))
    throw new CairnError('INVALID', 'Cannot read the config: API.HTTPHeaders must hold lists of texts')
  return { HTTPHeaders: headers as Readonly<Record<string, readonly string[]>> }
}

/** One multiaddr or several, as Kubo has them. @throws INVALID for anything else */
export function apiAddresses(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (isTexts(value)) return value
  throw new CairnError('INVALID', 'Cannot read the config: Addresses.API must be a multiaddr or a list of them')
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

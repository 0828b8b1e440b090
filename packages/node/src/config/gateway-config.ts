// Settings of the HTTP gateway in the config, section `Gateway`. Names and forms are Kubo's.
import { CairnError, parseDuration } from '@cairn/core'

/** Settings of the section `Gateway`. */
export interface GatewayConfig {
  /** Whether strangers get only what is here, and nothing is fetched for them; false by default. */
  readonly NoFetch?: boolean
  /** Whether files and pages are served beside what clients can verify; true by default. */
  readonly DeserializedResponses?: boolean
  /** Whether failures are text for browsers too; false by default. */
  readonly DisableHTMLErrors?: boolean
  /** Headers of every answer, by their names. */
  readonly HTTPHeaders?: Readonly<Record<string, readonly string[]>>
  /** Milliseconds without a block that is waited for until an answer is given up, from a duration such as `30s`. */
  readonly RetrievalTimeout?: number
  /** Milliseconds that one answer may take, from a duration. */
  readonly MaxRequestDuration?: number
  readonly MaxConcurrentRequests?: number
}

const FLAGS = ['NoFetch', 'DeserializedResponses', 'DisableHTMLErrors'] as const
const DURATIONS = ['RetrievalTimeout', 'MaxRequestDuration'] as const

/** @throws INVALID for a value of another form */
export function parseGateway(section: Readonly<Record<string, unknown>>): GatewayConfig {
  const found: Record<string, unknown> = {}
  for (const name of FLAGS) {
    const value = section[name]
    if (!isGiven(value)) continue
    if (typeof value !== 'boolean') throw refused(name, 'true or false')
    found[name] = value
  }
  for (const name of DURATIONS) {
    const value = section[name]
    if (!isGiven(value)) continue
    const ms = typeof value === 'string' ? parseDuration(value) : undefined
    if (ms === undefined || ms <= 0) throw refused(name, 'a duration such as "30s"')
    found[name] = ms
  }
  const { MaxConcurrentRequests: requests, HTTPHeaders: headers } = section
  if (isGiven(requests)) {
    if (typeof requests !== 'number' || !Number.isSafeInteger(requests) || requests < 1)
      throw refused('MaxConcurrentRequests', 'a number from 1')
    found['MaxConcurrentRequests'] = requests
  }
  if (isGiven(headers)) found['HTTPHeaders'] = parseHeaders(headers)
  return found
}

function parseHeaders(value: unknown): Readonly<Record<string, readonly string[]>> {
  const wrong = refused('HTTPHeaders', 'lists of texts by names of headers')
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong
  for (const [name, texts] of Object.entries(value as Readonly<Record<string, unknown>>)) {
    const areTexts = Array.isArray(texts) && texts.every((text) => typeof text === 'string' && /^[\t -~]*$/.test(text))
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || !areTexts) throw wrong
  }
  return value as Readonly<Record<string, readonly string[]>>
}

function refused(name: string, form: string): CairnError {
  return new CairnError('INVALID', `Cannot read the config: Gateway.${name} must be ${form}`)
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

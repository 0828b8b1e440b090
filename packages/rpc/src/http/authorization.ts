// Secrets that calls have to bring along, and what each of them may call. Source: kubo core/corehttp/commands.go.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { CairnError } from '@cairn/core'
import { API_PATH } from './paths.ts'

/** One secret, and the beginnings of the paths that it opens. */
export interface Authorization {
  /** SHA-256 of the header that has the secret. */
  readonly digest: Uint8Array
  /** Compared letter by letter, as in Kubo: `/api/v0/add` opens `/api/v0/addx` as well. */
  readonly allowedPaths: readonly string[]
  /** Whether it opens only what changes nothing. */
  readonly isReadOnly?: boolean | undefined
  /** Whose pins its calls see, add and remove; those of the owner of the repo by default. */
  readonly pinNamespace?: string | undefined
}

/**
 * The digest that stands for a secret of the config: `bearer:TOKEN`, `basic:USER:PASSWORD`, `basic:BASE64`, or
 * `sha256:HEX` of the whole header, which does not tell the secret to who reads the config.
 *
 * @throws INVALID for another form
 */
export function digestOfSecret(secret: string): Uint8Array {
  const hex = /^sha256:([\da-f]{64})$/i.exec(secret)?.[1]
  return hex === undefined ? digestOf(authorizationHeader(secret)) : Buffer.from(hex, 'hex')
}

/** The header with a secret in Kubo's form. @throws INVALID for another form */
export function authorizationHeader(secret: string): string {
  const [, scheme, text = ''] = /^(bearer|basic):(.+)$/s.exec(secret) ?? []
  if (scheme === undefined)
    throw new CairnError('INVALID', 'Cannot use the secret: it is neither bearer:TOKEN nor basic:USER:PASSWORD')
  if (scheme === 'bearer') return `Bearer ${text}`
  return `Basic ${text.includes(':') ? Buffer.from(text).toString('base64') : text}`
}

/** What `header` has the secret of; the time that it takes says nothing about how near a wrong one is. */
export function findAuthorization(
  header: string | undefined,
  authorizations: readonly Authorization[],
): Authorization | undefined {
  const digest = digestOf(header ?? '')
  let found: Authorization | undefined
  for (const candidate of authorizations) if (timingSafeEqual(candidate.digest, digest)) found = candidate
  return header === undefined ? undefined : found
}

/** Whether `authorization` opens `path`. Who has any secret may ask for the version. */
export function opens({ allowedPaths }: Authorization, path: string): boolean {
  return path === `${API_PATH}version` || allowedPaths.some((prefix) => path.startsWith(prefix))
}

/** A new secret that nobody can guess, and what is to stand in the config for it, from which nobody can tell it. */
export function newSecret(): { readonly secret: string; readonly stored: string } {
  const secret = `bearer:${randomBytes(32).toString('base64url')}`
  return { secret, stored: `sha256:${Buffer.from(digestOf(authorizationHeader(secret))).toString('hex')}` }
}

function digestOf(text: string): Uint8Array {
  return createHash('sha256').update(text).digest()
}

// Who may use the WebDAV share of a daemon: the tokens of the RPC that open its `files` commands, as HTTP has them or as the
// password of anybody, since most clients of WebDAV know nothing else.
import type { IncomingMessage } from 'node:http'
import type { CairnError } from '@cairn/core'
import type { DavRights } from '@cairn/mounts'
import type { RepoInfo } from '@cairn/node'
import { authorizationFor } from '@cairn/rpc'
import { ApiAccess } from './api-access.ts'

const FILES_PATH = '/api/v0/files'

/**
 * What a request may do, as the config says it at that moment. Without any token, everything, for programs of this machine
 * that name it: a page of a browser that has another name lead here does not.
 *
 * @throws DENIED when others could reach `addresses` and there is no token
 */
export function webDavAccess(
  repo: Pick<RepoInfo, 'config' | 'settings'>,
  addresses: readonly string[],
  onError: (error: CairnError) => void,
): (request: IncomingMessage) => Promise<DavRights> {
  const config = { ...repo.config, Addresses: { ...repo.config.Addresses, API: addresses } }
  const access = new ApiAccess({ config, settings: repo.settings }, onError)
  return async ({ headers }) => {
    const settings = await access.current()
    const isAnybody = (settings.authorizations ?? []).length === 0
    if (isAnybody && !isLocalName(headers.host)) return 'none'
    for (const authorization of [headers.authorization, asBearer(headers.authorization)]) {
      const found = authorizationFor({ headers: { authorization } }, settings, FILES_PATH)
      if (found !== undefined) return found.isReadOnly === true ? 'read' : 'all'
    }
    return 'none'
  }
}

/** A token that was given as a password. */
function asBearer(header: string | undefined): string | undefined {
  const encoded = /^Basic ([\w+/=-]+)$/i.exec(header ?? '')?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString()
  return `Bearer ${text.slice(text.indexOf(':') + 1)}`
}

function isLocalName(host = ''): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i.test(host)
}

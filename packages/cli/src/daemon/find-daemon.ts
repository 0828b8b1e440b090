// Whether a daemon runs on a repo, or one is named: then the command line hands its commands to that.
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { CairnError, systemError } from '@cairn/core'
import { parseListenAddress, RpcClient, type ListenAddress } from '@cairn/rpc'
import type { GlobalOptions } from '../session.ts'
import { API_FILE } from './api.ts'

/**
 * A client of the daemon that `--api` names, or that has left its address in the repo and answers there.
 *
 * @throws INVALID for an address that is none
 */
export async function findDaemon(
  repoPath: string,
  { api, apiAuth }: Pick<GlobalOptions, 'api' | 'apiAuth'>,
): Promise<RpcClient | undefined> {
  if (api !== undefined) return new RpcClient(parseListenAddress(api), authorizationOf(apiAuth))
  const text = await addressIn(join(repoPath, API_FILE))
  if (text === undefined) return undefined
  const address = parseListenAddress(text)
  // What a daemon that was killed has left behind leads nowhere.
  return (await answers(address)) ? new RpcClient(address, authorizationOf(apiAuth)) : undefined
}

async function addressIn(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR'))
      return undefined
    throw systemError(`read ${path}`, cause)
  }
}

function answers(address: ListenAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect('path' in address ? { path: address.path } : address)
    const settle = (isThere: boolean) => () => {
      socket.destroy()
      resolve(isThere)
    }
    socket.once('connect', settle(true)).once('error', settle(false))
  })
}

/** The header for a secret in Kubo's form. @throws INVALID for another form */
function authorizationOf(secret: string | undefined): string | undefined {
  if (secret === undefined) return undefined
  const [, scheme, text = ''] = /^(bearer|basic):(.+)$/.exec(secret) ?? []
  if (scheme === undefined)
    throw new CairnError('INVALID', 'Cannot use --api-auth: it is neither bearer:TOKEN nor basic:USER:PASSWORD')
  if (scheme === 'bearer') return `Bearer ${text}`
  return `Basic ${text.includes(':') ? Buffer.from(text).toString('base64') : text}`
}

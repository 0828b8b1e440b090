// Whether a daemon runs on a repo, or one is named: then the command line hands its commands to that.
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { systemError } from '@cairn/core'
import { parseListenAddress, type ListenAddress } from '@cairn/http'
import { authorizationHeader, RpcClient } from '@cairn/rpc'
import type { GlobalOptions } from '../session.ts'
import { API_FILE } from './api.ts'

/** Which daemon, and until when it has time, on the clock of `performance`. */
interface DaemonWanted extends Pick<GlobalOptions, 'api' | 'apiAuth'> {
  readonly deadlineMs?: number | undefined
}

/**
 * A client of the daemon that `--api` names, or that has left its address in the repo and answers there.
 *
 * @throws INVALID for an address or a secret that is none
 */
export async function findDaemon(
  repoPath: string,
  { api, apiAuth, deadlineMs }: DaemonWanted,
): Promise<RpcClient | undefined> {
  const authorization = apiAuth === undefined ? undefined : authorizationHeader(apiAuth)
  if (api !== undefined) return new RpcClient(parseListenAddress(api), { authorization, deadlineMs })
  const text = await addressIn(join(repoPath, API_FILE))
  if (text === undefined) return undefined
  const address = parseListenAddress(text)
  // What a daemon that was killed has left behind leads nowhere.
  return (await answers(address)) ? new RpcClient(address, { authorization, deadlineMs }) : undefined
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

// Whether a daemon runs on a repo, or one is named: then the command line hands its commands to that.
import { connect } from 'node:net'
import { parseListenAddress, type ListenAddress } from '@cairn/http'
import { authorizationHeader, RpcClient } from '@cairn/rpc'
import type { GlobalOptions } from '../session.ts'
import { readDaemonFiles } from './daemon-files.ts'

/** Which daemon, and until when it has time, on the clock of `performance`. */
interface DaemonWanted extends Pick<GlobalOptions, 'api' | 'apiAuth'> {
  readonly deadlineMs?: number | undefined
}

/**
 * A client of the daemon that `--api` names, or that has left its address in the repo and proves there that it was it.
 *
 * @throws INVALID for an address or a secret that is none
 */
export async function findDaemon(
  repoPath: string,
  { api, apiAuth, deadlineMs }: DaemonWanted,
): Promise<RpcClient | undefined> {
  const authorization = apiAuth === undefined ? undefined : authorizationHeader(apiAuth)
  if (api !== undefined) return new RpcClient(parseListenAddress(api), { authorization, deadlineMs })
  const left = await readDaemonFiles(repoPath)
  if (left === undefined) return undefined
  const address = parseListenAddress(left.address)
  const client = new RpcClient(address, { authorization, deadlineMs })
  // What a daemon that was killed has left behind leads nowhere, or to somebody else who listens there now.
  const isIt = await (left.key === undefined ? answers(address) : client.proves(left.key))
  if (isIt) return client
  client.close()
  return undefined
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

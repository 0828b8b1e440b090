// The commands that exist only on the command line: they make a repo, or are the node that others talk to.
import { CairnError, isCairnError } from '@cairn/core'
import type { RepoProfile } from '@cairn/node'
import { openApi } from './daemon/api.ts'
import { openGateway } from './daemon/gateway.ts'
import { webDavAccess } from './daemon/webdav-access.ts'
import { mountFailure, mountsOf, openMounts } from './daemon/mounts.ts'
import type { DaemonOptions } from './daemon/start-options.ts'
import type { Session } from './session.ts'

/** Makes a repo and says who its node is. @throws as `createRepo` */
export async function init(session: Session, profiles: readonly RepoProfile[]): Promise<void> {
  const { createRepo } = await import('@cairn/node')
  const path = await session.repoPath()
  const { Identity } = await createRepo(path, ...profiles)
  await session.output.write(
    session.globals.json
      ? `${JSON.stringify({ Path: path, ID: Identity.PeerID })}\n`
      : `initialized Cairn repo at ${path}\npeer identity: ${Identity.PeerID}\n`,
  )
}

/**
 * Runs a node until it is interrupted, which is its clean end. Lines are Kubo's, since programs wait for them.
 *
 * @throws as `openNode`
 */
export async function daemon(session: Session, options: DaemonOptions): Promise<void> {
  const { listen, offline = false, agentVersionSuffix: suffix, logFormat } = options
  if (options.init === true && !(await hasRepo(session))) await init(session, options.initProfile ?? [])
  const { openWatch } = await import('./daemon/watch.ts')
  const watch = openWatch(session, { config: (await session.repo()).config, format: logFormat })
  const onBadConfig = (error: Error): void => session.say(`Warning: ${error.message}`)
  const agentSuffix = suffix === undefined || suffix === '' ? '' : `/${suffix}`
  const node = await session.node({
    logs: watch.logs.of,
    online: offline ? undefined : { listen, onBadConfig, agentSuffix },
  })
  for (const address of node.swarm?.host.addresses() ?? [])
    await session.output.write(`Swarm listening on ${address}\n`)
  const end = Promise.withResolvers<void>()
  await using api = await openApi(session, node, { agentSuffix, watch, shutdown: () => end.resolve() })
  for (const { address } of api.servers) await session.output.write(`RPC API server listening on: ${address}\n`)
  await using gateway = await openGateway(session, node)
  for (const { address } of gateway.servers) await session.output.write(`Gateway server listening on ${address}\n`)
  await using mounts = await openDaemonMounts(session, node, options)
  await session.output.write('Daemon is ready\n')
  watch.ready(api.servers.map(({ address }) => address))
  const { signal } = session
  signal.addEventListener('abort', () => end.resolve(), { once: true })
  if (!signal.aborted) await end.promise
  watch.stopping(signal.reason instanceof Error ? signal.reason.message : 'shutdown')
  // What programs still have open is not theirs any more; who waits for an answer gets none.
  await mounts[Symbol.asyncDispose]()
  // Together: each waits a while for its clients.
  await Promise.all([gateway[Symbol.asyncDispose](), api[Symbol.asyncDispose]()])
  if (isCairnError(signal.reason)) throw signal.reason
}

/** @throws INVALID when nothing is named that could be mounted */
async function openDaemonMounts(
  session: Session,
  node: Awaited<ReturnType<Session['node']>>,
  { mount = false, mountMfs: mfs, mountIpfs: ipfs }: DaemonOptions,
): ReturnType<typeof openMounts> {
  const repo = await session.repo()
  const asked = mount ? mountsOf(repo.config, { mfs, ipfs }) : []
  if (mount && asked.length === 0)
    throw new CairnError(
      'INVALID',
      'Cannot mount: name a folder with --mount-mfs or --mount-ipfs, or in the section Mounts of the config',
    )
  const onError = (error: unknown): void => session.say(mountFailure(error))
  const shared = repo.config.Mounts?.WebDAV
  const webDav = shared && {
    addresses: shared.Address,
    path: shared.Path,
    authorize: webDavAccess(repo, shared.Address, onError),
  }
  const mounts = await openMounts(node, { fuse: asked, ...(webDav && { webDav }) }, onError)
  for (const { folder, path } of asked) await session.output.write(`Mounted ${path} at ${folder}\n`)
  for (const { address } of mounts.servers) await session.output.write(`WebDAV server listening on ${address}\n`)
  return mounts
}

async function hasRepo(session: Session): Promise<boolean> {
  return session.repo().then(
    () => true,
    (error: unknown) => {
      if (isCairnError(error, 'NOT_FOUND')) return false
      throw error
    },
  )
}

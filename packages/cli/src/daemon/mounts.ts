// File systems of a node in the kernel of this machine.
import type { IncomingMessage } from 'node:http'
import { isCairnError } from '@cairn/core'
import { parseListenAddress, type HttpServer } from '@cairn/http'
import type { Config, Node } from '@cairn/node'
import type { DavRights, FuseMount, WebDavParts } from '@cairn/mounts'

/** What is shown where. */
export interface MountAsked {
  /** The folder of this machine. */
  readonly folder: string
  /** What it shows: `/`, `/ipfs/…` or `/mfs/…`. */
  readonly path: string
  readonly isReadOnly: boolean
  readonly allowsOthers: boolean
}

/** All that a node shows. */
export interface MountPlan {
  readonly fuse: readonly MountAsked[]
  /** One folder by WebDAV. */
  readonly webDav?: { readonly addresses: readonly string[]; readonly path: string } & Pick<WebDavParts, 'authorize'>
}

/** Open mounts, which share one file system. */
export interface OpenMounts extends AsyncDisposable {
  readonly servers: readonly HttpServer[]
  /** Resolves when one of them was unmounted, by whomever. */
  readonly ended: Promise<void>
}

/** Mounts and shares all that is asked for, or nothing. @throws as `openFolder`, `mountFuse` and `openWebDav` of the mounts */
export async function openMounts(
  node: Node,
  { fuse, webDav }: MountPlan,
  onError: (error: unknown) => void,
): Promise<OpenMounts> {
  await using stack = new AsyncDisposableStack()
  const mounts: FuseMount[] = []
  const servers: HttpServer[] = []
  if (fuse.length > 0 || webDav !== undefined) {
    const { mountFuse, openFolder, openWebDav, Vfs } = await import('@cairn/mounts')
    const vfs = new Vfs({ mfs: await node.files(), onError })
    stack.defer(() => vfs.close())
    const room = async (): Promise<{ readonly total: number; readonly free: number }> => {
      const { bytes, bytesMax } = await node.size()
      return { total: bytesMax, free: Math.max(0, bytesMax - bytes) }
    }
    for (const { folder, path, isReadOnly, allowsOthers } of fuse) {
      const root = await openFolder(vfs, node.blocks, path)
      mounts.push(stack.use(await mountFuse({ vfs, root, room }, { path: folder, isReadOnly, allowsOthers, onError })))
    }
    for (const address of webDav?.addresses ?? []) {
      const root = await openFolder(vfs, node.blocks, webDav?.path ?? '/mfs')
      const authorize = (request: IncomingMessage): Promise<DavRights> => webDav?.authorize(request) ?? NOBODY
      servers.push(stack.use(await openWebDav(parseListenAddress(address), { vfs, root, room, authorize, onError })))
    }
  }
  const opened = stack.move()
  const ended =
    mounts.length === 0 ? new Promise<void>(() => undefined) : Promise.race(mounts.map((mount) => mount.ended))
  return { ended, servers, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

const NOBODY = Promise.resolve('none' as const)

/** What `daemon --mount` mounts, by the config or instead of it. */
export function mountsOf(
  { Mounts: mounts = {} }: Config,
  { mfs = mounts.MFS, ipfs = mounts.IPFS }: { readonly mfs?: string | undefined; readonly ipfs?: string | undefined },
): readonly MountAsked[] {
  const how = { isReadOnly: false, allowsOthers: mounts.FuseAllowOther ?? false }
  return [
    ...(mfs === undefined ? [] : [{ folder: mfs, path: '/mfs', ...how }]),
    ...(ipfs === undefined ? [] : [{ folder: ipfs, path: '/ipfs', ...how, isReadOnly: true }]),
  ]
}

/** One line about a failure in a mount that no program is told of. */
export function mountFailure(error: unknown): string {
  return `Warning: a mount has a problem: ${isCairnError(error) ? error.message : String(error)}`
}

// File systems of a node in the kernel of this machine.
import { isCairnError } from '@cairn/core'
import type { Config, Node } from '@cairn/node'
import type { FuseMount } from '@cairn/mounts'

/** What is shown where. */
export interface MountAsked {
  /** The folder of this machine. */
  readonly folder: string
  /** What it shows: `/`, `/ipfs/…` or `/mfs/…`. */
  readonly path: string
  readonly isReadOnly: boolean
  readonly allowsOthers: boolean
}

/** Open mounts, which share one file system. */
export interface OpenMounts extends AsyncDisposable {
  /** Resolves when one of them was unmounted, by whomever. */
  readonly ended: Promise<void>
}

/** Mounts all that is asked for, or nothing. @throws as `openFolder` and `mountFuse` of the mounts */
export async function openMounts(
  node: Node,
  asked: readonly MountAsked[],
  onError: (error: unknown) => void,
): Promise<OpenMounts> {
  await using stack = new AsyncDisposableStack()
  const mounts: FuseMount[] = []
  if (asked.length > 0) {
    const { mountFuse, openFolder, Vfs } = await import('@cairn/mounts')
    const vfs = new Vfs({ mfs: await node.files(), onError })
    stack.defer(() => vfs.close())
    const room = async (): Promise<{ readonly total: number; readonly free: number }> => {
      const { bytes, bytesMax } = await node.size()
      return { total: bytesMax, free: Math.max(0, bytesMax - bytes) }
    }
    for (const { folder, path, isReadOnly, allowsOthers } of asked) {
      const root = await openFolder(vfs, node.blocks, path)
      mounts.push(stack.use(await mountFuse({ vfs, root, room }, { path: folder, isReadOnly, allowsOthers, onError })))
    }
  }
  const opened = stack.move()
  const ended =
    mounts.length === 0 ? new Promise<void>(() => undefined) : Promise.race(mounts.map((mount) => mount.ended))
  return { ended, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

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

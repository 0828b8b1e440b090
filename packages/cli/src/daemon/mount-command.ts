// `cairn mount`: a node that shows its files as a folder of this machine, until it is unmounted.
import { spawn } from 'node:child_process'
import { realpath } from 'node:fs/promises'
import { CairnError, isCairnError, systemError, type ErrorCode } from '@cairn/core'
import { mountFailure, openMounts } from './mounts.ts'
import type { MountOptions } from '../program/mount-options.ts'
import type { Session } from '../session.ts'

/** What a process in the background tells the one that started it: nothing but that it has mounted, or why it has not. */
interface FromBackground {
  readonly failure?: { readonly code: ErrorCode; readonly message: string }
}

/**
 * Mounts at `folder`, and returns when that is unmounted or the command is interrupted, which is its clean end.
 *
 * @throws as `openMounts`, and LOCKED while a daemon has the repo
 */
export async function mount(session: Session, folder: string, options: MountOptions): Promise<void> {
  const point = await realFolder(folder)
  // The process in the background is called by the same words, and must not start another one.
  if (options.detach === true && process.send === undefined) {
    await mountInBackground(point)
    await session.output.write(`Mounted ${options.path} at ${point}\n`)
    return
  }
  try {
    await mountHere(session, point, options)
  } catch (error) {
    // Whoever waits for it has a standard error of its own.
    if (isCairnError(error)) process.send?.({ failure: { code: error.code, message: error.message } })
    throw error
  }
}

async function mountHere(session: Session, point: string, options: MountOptions): Promise<void> {
  const { path, readOnly = false, allowOther = false, offline = false } = options
  const onBadConfig = (error: Error): void => session.say(`Warning: ${error.message}`)
  const node = await session.node({ online: offline ? undefined : { onBadConfig } }).catch((cause: unknown) => {
    if (!isCairnError(cause, 'LOCKED')) throw cause
    const way = 'start that daemon with --mount, or end it first'
    throw new CairnError('LOCKED', `${cause.message}; a mount needs the repo for itself: ${way}`, { cause })
  })
  const asked = { folder: point, path, isReadOnly: readOnly, allowsOthers: allowOther }
  await using mounts = await openMounts(node, { fuse: [asked] }, (error) => session.say(mountFailure(error)))
  await session.output.write(`Mounted ${path} at ${point}\n`)
  process.send?.({} satisfies FromBackground, () => process.disconnect())
  const { signal } = session
  const aborted = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => aborted.resolve(), { once: true })
  if (!signal.aborted) await Promise.race([mounts.ended, aborted.promise])
  if (isCairnError(signal.reason)) throw signal.reason
}

/** Unmounts. @throws as `unmount` of the mounts */
export async function umount(folder: string): Promise<void> {
  const { unmount } = await import('@cairn/mounts')
  await unmount(folder)
}

/** A path that stays right wherever a process works; one below /dev is a device that is mounted already. */
async function realFolder(folder: string): Promise<string> {
  if (folder.startsWith('/dev/')) return folder
  return realpath(folder).catch((cause: unknown) => {
    // What a killed process has left mounted cannot be looked at.
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOTCONN') return folder
    throw systemError(`mount at ${folder}`, cause)
  })
}

/** Runs the same command in a process of its own, and returns when that has mounted. */
async function mountInBackground(point: string): Promise<void> {
  const words = process.argv.slice(1)
  const device = /^\/dev\/fd\/(\d+)$/.exec(point)?.[1]
  const inherited = device === undefined ? [] : Array.from({ length: Number(device) - 3 }, () => 'ignore' as const)
  const child = spawn(process.execPath, [...process.execArgv, ...words], {
    detached: true,
    // Not our standard error: who waits for its end would wait for that of the mount.
    stdio: ['ignore', 'ignore', 'ignore', ...inherited, ...(device === undefined ? [] : [Number(device)]), 'ipc'],
  })
  const told = Promise.withResolvers<FromBackground>()
  child.once('message', (message) => told.resolve(message as FromBackground))
  child.once('error', (error) => told.reject(systemError('start a process', error)))
  child.once('exit', (code) => {
    told.reject(new CairnError('UNAVAILABLE', `Cannot mount: the process in the background ended with ${code}`))
  })
  const { failure } = await told.promise
  if (failure !== undefined) throw new CairnError(failure.code, failure.message)
  if (child.connected) child.disconnect()
  child.unref()
}

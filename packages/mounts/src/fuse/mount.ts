// A file system in the kernel: requests in, answers out, each within its time, and notices of what others have changed.
import { FUSE_TIMEOUT_MS, FUSE_WRITE_BYTES } from '../limits.ts'
import type { VfsEvent } from '../vfs/vfs-options.ts'
import { Device, type MountPoint } from './device.ts'
import { ERRNO, errnoOf } from './errno.ts'
import { Operations, type MountParts } from './operations.ts'
import { initAnswer, nameNotice, nodeNotice, OP, requestHead, u64, type RequestHead } from './protocol.ts'

/** How something is mounted. */
export interface MountSettings extends MountPoint {
  /** Milliseconds until a request is answered with an error. */
  readonly timeoutMs?: number | undefined
  /** Told of what should never happen; the request is answered with an error. */
  readonly onError?: (error: unknown) => void
}

/** Why a request ends early. */
const INTERRUPTED = new Error('the program was interrupted')
const LATE = new DOMException('no answer in time', 'TimeoutError')

/**
 * Mounts `root` of a file system.
 *
 * @throws UNSUPPORTED without FUSE, DENIED without the right to mount, CONFLICT where one is mounted, NOT_FOUND or INVALID
 * for what is no folder
 */
export async function mountFuse(parts: MountParts, settings: MountSettings): Promise<FuseMount> {
  const device = await Device.open(settings)
  const mount = new FuseMount(device, parts, settings)
  try {
    await mount.start()
    return mount
  } catch (error) {
    await mount[Symbol.asyncDispose]()
    throw error
  }
}

/** A mounted file system; see {@link mountFuse}. */
export class FuseMount implements AsyncDisposable {
  /** Resolves when it is unmounted, by whomever. */
  readonly ended: Promise<void>
  readonly #device: Device
  readonly #operations: Operations
  readonly #parts: MountParts
  readonly #timeoutMs: number
  readonly #onError: (error: unknown) => void
  readonly #calls = new Map<bigint, AbortController>()
  readonly #end = Promise.withResolvers<void>()
  readonly #stopObserving: () => void
  #isClosed = false

  constructor(
    device: Device,
    parts: MountParts,
    { timeoutMs = FUSE_TIMEOUT_MS, onError = () => undefined }: MountSettings,
  ) {
    this.#device = device
    this.#parts = parts
    this.#timeoutMs = timeoutMs
    this.#onError = onError
    this.#operations = new Operations(parts)
    this.ended = this.#end.promise
    this.#stopObserving = parts.vfs.observe((event) => this.#onEvent(event))
  }

  async start(): Promise<void> {
    await this.#device.serve({
      request: (bytes, free) => this.#onRequest(bytes, free),
      end: () => this.#end.resolve(),
    })
  }

  /** Unmounts, and makes durable what was written. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#device[Symbol.asyncDispose]()
    this.#stopObserving()
    for (const controller of this.#calls.values()) controller.abort(INTERRUPTED)
    await this.#operations.close()
    if (!this.#parts.root.tree.isFrozen) await this.#parts.vfs.sync()
  }

  #onRequest(shared: Buffer, free: () => void): void {
    const head = requestHead(shared)
    if (this.#answerAtOnce(head, shared)) {
      free()
      return
    }
    // What is written has to outlast the slot.
    const bytes = Buffer.from(shared)
    free()
    this.#run(head, bytes).catch(this.#onError)
  }

  /** Requests that have no answer, or need nothing of the file system. */
  #answerAtOnce({ op, unique, node }: RequestHead, bytes: Buffer): boolean {
    switch (op) {
      case OP.init: {
        const timeoutSeconds = Math.ceil((4 * this.#timeoutMs) / 1000)
        this.#device.answer(unique, 0, [initAnswer(bytes, { writeBytesMax: FUSE_WRITE_BYTES, timeoutSeconds })])
        return true
      }
      case OP.forget:
        this.#operations.nodes.forget(node, u64(bytes, 40))
        return true
      case OP.batchForget:
        for (let index = 0; index < bytes.readUInt32LE(40); index++)
          this.#operations.nodes.forget(u64(bytes, 48 + 16 * index), u64(bytes, 56 + 16 * index))
        return true
      case OP.interrupt:
        this.#calls.get(bytes.readBigUInt64LE(40))?.abort(INTERRUPTED)
        return true
      case OP.destroy:
        this.#device.answer(unique, 0)
        return true
      default:
        return false
    }
  }

  async #run({ op, unique, node }: RequestHead, bytes: Buffer): Promise<void> {
    const controller = new AbortController()
    const { signal } = controller
    this.#calls.set(unique, controller)
    const timer = setTimeout(() => controller.abort(LATE), this.#timeoutMs)
    try {
      this.#device.answer(unique, 0, await this.#operations.run({ op, node, bytes, signal }))
    } catch (error) {
      const errno = error === INTERRUPTED ? ERRNO.EINTR : errnoOf(error)
      if (errno === undefined) this.#onError(error)
      this.#device.answer(unique, errno ?? ERRNO.EIO)
    } finally {
      clearTimeout(timer)
      this.#calls.delete(unique)
    }
  }

  /** The kernel knows its own changes, and is told those of others. */
  #onEvent(event: VfsEvent): void {
    const { nodes } = this.#operations
    if (event.origin === this.#operations) return
    const about = event.kind === 'name' ? event.folder : event.node
    if (!nodes.isKnown(about)) return
    if (event.kind === 'name') this.#device.notify(nameNotice(nodes.idOf(about), event.name))
    this.#device.notify(nodeNotice(nodes.idOf(about), event.kind === 'node'))
  }
}

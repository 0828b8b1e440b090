// A mount as the kernel has it: the device that requests come from, the threads beside it, and the way out.
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, constants, openSync, writeSync, writevSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { CairnError, systemError } from '@cairn/core'
import { REQUEST_SLOTS, REQUEST_BYTES_MAX, READ_AHEAD_KIB } from '../limits.ts'
import { answerHead } from './protocol.ts'

/** Where a file system is mounted, and how. */
export interface MountPoint {
  /** A folder, or `/dev/fd/N` for a device that somebody else has mounted already. */
  readonly path: string
  readonly isReadOnly: boolean
  /** Whether other users may look into it. */
  readonly allowsOthers: boolean
}

/** What comes from the kernel. */
export interface DeviceHandler {
  /** One request, in memory that is used for others as soon as `free` is called. */
  request(bytes: Buffer, free: () => void): void
  /** The mount is gone. */
  end(): void
}

/** A mounted device. */
export class Device implements AsyncDisposable {
  readonly #fd: number
  readonly #path: string
  readonly #isOwn: boolean
  readonly #workers: Worker[] = []
  readonly #ended = Promise.withResolvers<void>()
  #isGone = false
  #isClosed = false
  readonly #onExit = (): void => {
    // Whoever waits for an answer would wait for ever, and so would this process.
    if (!this.#isGone) spawnSync('umount', ['-f', '-l', this.#path], { stdio: 'ignore' })
  }

  private constructor(fd: number, { path }: MountPoint, isOwn: boolean) {
    this.#fd = fd
    this.#path = path
    this.#isOwn = isOwn
  }

  /**
   * Mounts a device. Requests wait until {@link serve}.
   *
   * @throws UNSUPPORTED without FUSE, DENIED without the right to mount, NOT_FOUND or INVALID for what is no folder
   */
  static async open(point: MountPoint): Promise<Device> {
    const inherited = /^\/dev\/fd\/(\d+)$/.exec(point.path)?.[1]
    if (inherited !== undefined) return new Device(Number(inherited), point, false)
    await freeFolder(point.path)
    let fd
    try {
      fd = openSync('/dev/fuse', constants.O_RDWR)
    } catch (cause) {
      throw new CairnError('UNSUPPORTED', 'Cannot mount: there is no /dev/fuse that this user may open', { cause })
    }
    try {
      await mount(fd, point)
    } catch (error) {
      closeSync(fd)
      throw error
    }
    const device = new Device(fd, point, true)
    process.on('exit', device.#onExit)
    return device
  }

  /** Hands requests to `handler`, from when its thread runs. */
  async serve(handler: DeviceHandler): Promise<void> {
    const memory = new SharedArrayBuffer(REQUEST_SLOTS * (4 + REQUEST_BYTES_MAX))
    const taken = new Int32Array(memory, 0, REQUEST_SLOTS)
    const buffers = Array.from({ length: REQUEST_SLOTS }, (_, slot) =>
      Buffer.from(memory, REQUEST_SLOTS * 4 + slot * REQUEST_BYTES_MAX, REQUEST_BYTES_MAX),
    )
    const ready = Promise.withResolvers<void>()
    const reader = this.#thread('reader-worker', { memory, slots: REQUEST_SLOTS, slotBytes: REQUEST_BYTES_MAX })
    reader.on('error', ready.reject)
    reader.on('exit', () => {
      this.#isGone = true
      this.#ended.resolve()
      handler.end()
    })
    reader.on('message', (message: { kind: 'ready' | 'end' } | { kind: 'request'; slot: number; bytes: number }) => {
      if (message.kind === 'ready') ready.resolve()
      if (message.kind !== 'request') return
      const { slot, bytes } = message
      handler.request((buffers[slot] ?? Buffer.alloc(0)).subarray(0, bytes), () => {
        Atomics.store(taken, slot, 0)
        Atomics.notify(taken, slot)
      })
    })
    this.#thread('notice-worker', {})
    await ready.promise
    if (this.#isOwn) await raiseReadAhead(this.#path)
  }

  /** Answers a request. One that the kernel has given up is nobody's. */
  answer(unique: bigint, errno: number, payload: readonly Uint8Array[] = []): void {
    const bytes = payload.reduce((sum, part) => sum + part.length, 0)
    const head = answerHead(unique, errno, bytes)
    try {
      if (payload.length === 0) writeSync(this.#fd, head)
      else writevSync(this.#fd, [head, ...payload])
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code !== 'ENOENT' && code !== 'ENODEV' && code !== 'EPERM') throw error
    }
  }

  /** Tells the kernel what has changed. */
  notify(notice: Buffer): void {
    this.#workers[1]?.postMessage(notice)
  }

  /** Unmounts; where somebody is inside, the folder is free at once and the rest when they leave. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    process.off('exit', this.#onExit)
    if (this.#isOwn && !this.#isGone) {
      const { code } = await run('umount', [this.#path])
      if (code !== 0) await run('umount', ['-f', '-l', this.#path])
    }
    if (this.#workers.length > 0) {
      // One that was mounted by somebody else ends when they unmount it, or with this process.
      if (this.#isOwn) await this.#ended.promise
      await Promise.all(this.#workers.map((worker) => worker.terminate()))
    }
    if (this.#isOwn) closeSync(this.#fd)
  }

  #thread(name: string, data: object): Worker {
    const url = new URL(`./${name}${extname(import.meta.url)}`, import.meta.url)
    const worker = new Worker(url, { workerData: { ...data, fd: this.#fd }, stdin: false })
    this.#workers.push(worker)
    return worker
  }
}

/** Unmounts what is at `path`. @throws NOT_FOUND when nothing of Cairn is mounted there, DENIED, CONFLICT while it is in use */
export async function unmount(path: string): Promise<void> {
  if (!(await isMounted(path)))
    throw new CairnError('NOT_FOUND', `Cannot unmount ${path}: nothing of Cairn is mounted there`)
  const { code, message } = await run('umount', [path])
  if (code === 0) return
  throw new CairnError(message.includes('busy') ? 'CONFLICT' : 'DENIED', `Cannot unmount ${path}: ${message}`)
}

/** A folder that a killed process has left mounted answers nothing: it is freed. */
async function freeFolder(path: string): Promise<void> {
  try {
    if (!(await stat(path)).isDirectory()) throw new CairnError('INVALID', `Cannot mount at ${path}: it is no folder`)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOTCONN'))
      throw systemError(`mount at ${path}`, error)
    await run('umount', ['-f', '-l', path])
  }
  if (await isMounted(path)) throw new CairnError('CONFLICT', `Cannot mount at ${path}: it is mounted already`)
}

async function mount(fd: number, { path, isReadOnly, allowsOthers }: MountPoint): Promise<void> {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
  const options = [
    'fd=3',
    'rootmode=40000',
    `user_id=${uid}`,
    `group_id=${gid}`,
    'nosuid',
    'nodev',
    'default_permissions',
  ]
  if (allowsOthers) options.push('allow_other')
  if (isReadOnly) options.push('ro')
  const { code, message } = await run('mount', ['-i', '-t', 'fuse.cairn', '-o', options.join(','), 'cairn', path], fd)
  if (code === 0) return
  const hint = uid === 0 ? '' : '; an ordinary user mounts with mount.fuse3, see "cairn help mount"'
  throw new CairnError('DENIED', `Cannot mount at ${path}: ${message}${hint}`)
}

async function isMounted(path: string): Promise<boolean> {
  return (await mountLine(path)) !== undefined
}

/** What the kernel says of our mount at `path`. Source: proc(5), mountinfo. */
async function mountLine(path: string): Promise<readonly string[] | undefined> {
  const { realpath } = await import('node:fs/promises')
  const real = await realpath(path).catch(() => path)
  const escaped = real.replaceAll(/[ \t\n\\]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`)
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').map((line) => line.split(' '))
  return lines.findLast((fields) => fields[4] === escaped && fields.includes('fuse.cairn'))
}

/** The kernel reads 128 KiB ahead, which leaves every link idle most of the time. Only root may change that. */
async function raiseReadAhead(path: string): Promise<void> {
  const device = (await mountLine(path))?.[2]
  if (device === undefined) return
  await writeFile(`/sys/class/bdi/${device}/read_ahead_kb`, `${READ_AHEAD_KIB}`).catch(() => undefined)
}

/** Runs a program, with a descriptor as its number 3. Never waits in this thread: the program looks at the mount. */
function run(
  program: string,
  args: readonly string[],
  fd?: number,
): Promise<{ readonly code: number; readonly message: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number; message: string }>()
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe', ...(fd === undefined ? [] : [fd])] })
  let message = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (message += text))
  child.on('error', (error) => resolve({ code: 127, message: error.message }))
  child.on('close', (code) => resolve({ code: code ?? 1, message: message.trim() }))
  return promise
}

// The thread that carries frames between the links of a room: it reads them where they leave a namespace, keeps them for as
// long as their way takes, and writes them where they go in. What the kernel's netem does, where the kernel has none.
import { constants, openSync, readSync, writeSync } from 'node:fs'
import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { Line, type LineQuality } from './line.ts'

/** Both directions of a link. */
export interface LinkShape {
  /** Out of the namespace. */
  readonly up: LineQuality
  /** Into it. */
  readonly down: LineQuality
}

/** Tells how the link of one namespace is from now on. */
export interface ShapeMessage {
  readonly index: number
  readonly shape: LinkShape
}

/** What a frame begins with: a virtio_net_hdr, which tells the kernel what it left undone. Source: linux/virtio_net.h. */
const HEADER_BYTES = 10
/** The largest packet that the kernel leaves whole, with its headers. */
const FRAME_BYTES_MAX = 66_000
const ADDRESS_BYTES = 6
/** Milliseconds between two looks: half of what a timer can wait. */
const TURN_MS = 0.5
/** Before all who compute: a late switch would be a slow link. */
const NICENESS = -10

interface Port {
  readonly fd: number
  readonly address: string
  readonly up: Line<Buffer>
  readonly down: Line<Buffer>
}

const ports = (workerData as readonly { readonly device: string; readonly address: string }[]).map(
  ({ device, address }): Port => ({
    fd: openSync(device, constants.O_RDWR | constants.O_NONBLOCK),
    address,
    up: new Line(),
    down: new Line(),
  }),
)
const buffer = Buffer.alloc(FRAME_BYTES_MAX)
const clock = new Int32Array(new SharedArrayBuffer(4))

// An empty queue is told by an error, thousands of times a second.
Error.stackTraceLimit = 0

setPriority(NICENESS)
parentPort?.on('message', ({ index, shape }: ShapeMessage) => {
  ports[index]?.up.shape(shape.up)
  ports[index]?.down.shape(shape.down)
})
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
parentPort?.postMessage('ready')
turn()

function turn(): void {
  const nowMs = performance.now()
  for (const port of ports) readAll(port, nowMs)
  for (const port of ports) {
    for (let next = port.up.take(nowMs); next; next = port.up.take(nowMs)) route(port, next.frame, next.atMs)
  }
  for (const { fd, down } of ports) {
    for (let next = down.take(nowMs); next; next = down.take(nowMs)) writeFrame(fd, next.frame)
  }
  Atomics.wait(clock, 0, 0, TURN_MS)
  setImmediate(turn)
}

function readAll({ fd, up }: Port, nowMs: number): void {
  for (let bytes = readFrame(fd); bytes > 0; bytes = readFrame(fd)) {
    up.push(Buffer.from(buffer.subarray(0, bytes)), bytes - HEADER_BYTES, nowMs)
  }
}

/** The bytes of the frame that is now in `buffer`, or 0 when none waits. */
function readFrame(fd: number): number {
  try {
    return readSync(fd, buffer)
  } catch (error) {
    if (isCode(error, 'EAGAIN')) return 0
    throw error
  }
}

function writeFrame(fd: number, frame: Buffer): void {
  try {
    writeSync(fd, frame)
  } catch (error) {
    // A full queue or a namespace that has gone: the frame is lost, as on any line.
    if (!['EAGAIN', 'ENOBUFS', 'ENETDOWN', 'EIO'].some((code) => isCode(error, code))) throw error
  }
}

/** Sends a frame on to whom it is for, and to all others when that is nobody here: broadcasts and multicasts. */
function route(from: Port, frame: Buffer, atMs: number): void {
  const address = frame.toString('hex', HEADER_BYTES, HEADER_BYTES + ADDRESS_BYTES)
  const bytes = frame.length - HEADER_BYTES
  const to = ports.find((port) => port.address === address)
  for (const port of to === undefined ? ports : [to]) if (port !== from) port.down.push(frame, bytes, atMs)
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

// A thread that waits for the kernel's requests: to wait in the pool that files are read with would stop everything as soon
// as the process touches a mount of its own. Requests go over through slots of shared memory.
// oxlint-disable unicorn/require-post-message-target-origin -- a port of a thread has no origin
import { readSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'

const { fd, memory, slots, slotBytes } = workerData as {
  readonly fd: number
  readonly memory: SharedArrayBuffer
  readonly slots: number
  readonly slotBytes: number
}
/** 1 for each slot with a request in it that is not taken yet. */
const taken = new Int32Array(memory, 0, slots)
const buffers = Array.from({ length: slots }, (_, slot) => Buffer.from(memory, slots * 4 + slot * slotBytes, slotBytes))

parentPort?.postMessage({ kind: 'ready' })
for (let slot = 0; ; slot = (slot + 1) % slots) {
  Atomics.wait(taken, slot, 1)
  const bytes = nextRequest(slot)
  if (bytes === undefined) break
  Atomics.store(taken, slot, 1)
  parentPort?.postMessage({ kind: 'request', slot, bytes })
}
parentPort?.postMessage({ kind: 'end' })

/** `undefined` once there is no mount any more. */
function nextRequest(slot: number): number | undefined {
  for (;;) {
    try {
      return readSync(fd, buffers[slot] ?? Buffer.alloc(0), 0, slotBytes, null)
    } catch (error) {
      // A request that was taken back, or a signal.
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code !== 'ENOENT' && code !== 'EINTR' && code !== 'EAGAIN') return undefined
    }
  }
}

// A thread that tells the kernel what has changed. The kernel takes a notice only when nobody works in that folder, who may be
// waiting for an answer of ours: so the thread that answers must not wait for it.
import { writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'

const { fd } = workerData as { readonly fd: number }

parentPort?.on('message', (notice: Uint8Array) => {
  try {
    writeSync(fd, notice)
  } catch {
    // The kernel does not know the node any more, or there is no mount any more.
  }
})

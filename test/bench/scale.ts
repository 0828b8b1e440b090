// A store of very many blocks: filling it, opening it after a kill, looking into it, rebuilding its index. Each in a process
// of its own, since what one leaves in memory is not the next one's.
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runModule } from './processes.ts'
import { say } from './report.ts'
import { inFolder } from './temp-folder.ts'

const MIB = 1024 * 1024

/** Prints the rows about a store of `count` blocks of 1 KiB, and about the index of as many bytes in blocks of 1 MiB. */
export async function benchScale(count: number): Promise<void> {
  await inFolder(async (folder) => {
    const startedMs = performance.now()
    const { peakRssMiB } = await runModule('fill-store.ts', [folder, `${count}`, '1024'])
    const seconds = (performance.now() - startedMs) / 1000
    say('put, then a kill', `${Math.round(count / seconds)} blocks/s, peak RSS ${peakRssMiB} MiB`)
    await runModule('look-up.ts', [folder])
    await runModule('rebuild-index.ts', [folder])
  })
  await inFolder(async (folder) => {
    await runModule('fill-store.ts', [folder, `${Math.ceil(count / 1024)}`, `${MIB}`])
    await runModule('rebuild-index.ts', [folder])
    say('  reading the files of the log', `${await readRate(join(folder, 'blocks'))} MB/s`)
  })
}

/** MB a second at which all files in `folder` are read. */
async function readRate(folder: string): Promise<number> {
  const piece = new Uint8Array(MIB)
  const startedMs = performance.now()
  let bytes = 0
  for (const name of await readdir(folder)) {
    await using file = await open(join(folder, name))
    for (let read = -1; read !== 0; bytes += read) read = (await file.read(piece)).bytesRead
  }
  return Math.round(bytes / 1000 / (performance.now() - startedMs))
}

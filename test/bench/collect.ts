// A collection of a large store of which every other block is garbage: the worst case, since no part of the log can be
// dropped whole. Filling and collecting have processes of their own, so that the memory is that of the collection.
import { runModule } from './processes.ts'
import { say } from './report.ts'
import { inFolder } from './temp-folder.ts'

/** Prints the rows about collecting half of `count` blocks of 1 KiB. */
export async function benchCollect(count: number): Promise<void> {
  await inFolder(async (folder) => {
    await runModule('fill-half-kept.ts', [folder, `${count}`])
    const { peakRssMiB } = await runModule('collect-store.ts', [folder])
    say('  peak RSS', `${peakRssMiB} MiB`)
  })
}

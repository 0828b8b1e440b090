// Importing and exporting a CAR of one large file on the command line, beside copying it and hashing it.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { dropBlocks } from '@cairn/core'
import { drain, importOf, makeRepos, writeAll } from './content.ts'
import { copyDurably, runCairn } from './processes.ts'
import { randomPieces } from './random-bytes.ts'
import { compare, say, type Work } from './report.ts'
import { inFolder } from './temp-folder.ts'

const MIB = 1024 * 1024

/** Prints the rows about a CAR of a file of `sizeMib` MiB, in chunks of 1 MiB. */
export async function benchCar(sizeMib: number): Promise<void> {
  await inFolder(async (folder) => {
    const amount = { count: (sizeMib * MIB) / 1e6, unit: 'MB' }
    const [file, car] = [join(folder, 'file'), join(folder, 'file.car')]
    await writeAll(file, randomPieces(sizeMib, MIB))
    const repos = await makeRepos(folder)
    const source = repos.pop() ?? ''
    await runCairn(source, ['add', '--quieter', file])
    const { cid } = await drain(dropBlocks(importOf(() => randomPieces(sizeMib, MIB))))
    let [importMib, exportMib] = [0, 0]
    const copyAndHash: Work = {
      name: 'cp, fsync; sha256',
      async run() {
        await copyDurably(file, join(folder, 'copy'))
        const hash = createHash('sha256')
        for await (const piece of createReadStream(file, { highWaterMark: MIB })) hash.update(piece as Uint8Array)
        hash.digest()
        await rm(join(folder, 'copy'))
      },
    }
    const exporting: Work = {
      name: 'cairn dag export -o, durable',
      async run() {
        exportMib = Math.max(
          exportMib,
          (await runCairn(source, ['dag', 'export', '-o', car, cid.toString()])).peakRssMiB,
        )
      },
    }
    await compare(amount, exporting, copyAndHash)
    say('  peak RSS', `${exportMib} MiB`)
    const importing: Work = {
      name: 'cairn dag import, durable, pinned',
      async run() {
        const repo = repos.pop() ?? ''
        importMib = Math.max(importMib, (await runCairn(repo, ['dag', 'import', car])).peakRssMiB)
        await rm(repo, { recursive: true })
      },
    }
    await compare(amount, importing, copyAndHash)
    say('  peak RSS', `${importMib} MiB`)
  })
}

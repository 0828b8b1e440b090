// Directories of very many entries: importing, listing and looking up in a process of their own, and importing fewer
// against ipfs-unixfs-importer, which must find the same CID.
import { dropBlocks, importTree, PROFILES } from '@cairn/core'
import { importer } from 'ipfs-unixfs-importer'
import { drain } from './content.ts'
import { contentOf, manyFiles, nameOf } from './many-files.ts'
import { runModule } from './processes.ts'
import { say } from './report.ts'

/** Entries of the directory that both import: it takes the other one seconds. */
const COMPARED_ENTRIES = 100_000

/** Prints the rows about a directory of `count` small files. */
export async function benchDirectory(count: number): Promise<void> {
  await runModule('directory-run.ts', [`${count}`])
  const settings = { ...PROFILES['unixfs-v1-2025'], directoryEstimate: 'links' } as const
  let cid = ''
  const rate = await rateOf(async () => {
    cid = (await drain(dropBlocks(importTree(manyFiles(COMPARED_ENTRIES), settings)))).cid.toString()
  })
  let otherCid = ''
  const otherRate = await rateOf(async () => {
    const nowhere = { put: <Cid>(key: Cid) => key }
    for await (const entry of importer(candidates(), nowhere, {
      cidVersion: 1,
      rawLeaves: true,
      wrapWithDirectory: true,
    }))
      otherCid = entry.cid.toString()
  })
  if (cid !== otherCid) throw new Error(`${cid} is not ${otherCid}`)
  say(
    `import, ${COMPARED_ENTRIES} entries`,
    `${Math.round(rate)} entries/s, ipfs-unixfs-importer ${Math.round(otherRate)}: ratio ${(rate / otherRate).toFixed(1)}`,
  )
}

function* candidates(): Generator<{ path: string; content: Uint8Array }> {
  for (let number = 0; number < COMPARED_ENTRIES; number++) yield { path: nameOf(number), content: contentOf(number) }
}

async function rateOf(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return (COMPARED_ENTRIES * 1000) / (performance.now() - startedMs)
}

// What a daemon keeps of calls whose clients went away: memory and handles after each of several rounds.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { randomPieces } from '../random-bytes.ts'
import { say } from '../report.ts'
import { inFolder } from '../temp-folder.ts'
import { abandon, abandonUpload, upload } from './client.ts'
import { makeRepo, startDaemon } from './daemon.ts'

const MIB = 1024 * 1024
const ROUNDS = 4
const AT_ONCE = 32
const MISSING = 'bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq'

/** Prints what `count` calls that are abandoned, in each of four rounds, leave behind. */
export async function benchAbandoned(count: number): Promise<void> {
  await inFolder(async (folder) => {
    const repo = join(folder, 'repo')
    await makeRepo(repo)
    const { process: daemon, port } = await startDaemon(repo)
    await using _ = daemon
    const content = [...randomPieces(2, MIB)]
    const added = await upload({ port, path: '/api/v0/add' }, content)
    const { Hash } = JSON.parse(added) as { readonly Hash: string }
    const kinds = [
      () => abandon({ port, path: `/api/v0/cat?arg=${Hash}` }, 10_000),
      () => abandon({ port, path: `/api/v0/cat?arg=${MISSING}` }, 10),
      () => abandonUpload({ port, path: '/api/v0/add' }, content[0]?.subarray(0, 50_000) ?? new Uint8Array(0)),
    ]
    for (let round = 1; round <= ROUNDS; round++) {
      let next = 0
      const worker = async (): Promise<void> => {
        while (next < count) await kinds[next++ % kinds.length]?.()
      }
      await Promise.all(Array.from({ length: AT_ONCE }, worker))
      await new Promise((resolve) => {
        setTimeout(resolve, 1000)
      })
      const files = readdirSync(`/proc/${daemon.pid}/fd`).length
      say(`${count} abandoned, round ${round}`, `RSS ${daemon.usage().rssMiB.toFixed(0)} MiB, ${files} files open`)
    }
  })
}

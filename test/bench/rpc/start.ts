// How long a daemon takes to start on a repo of many blocks, and how long `cairn id` takes beside it; what an idle one takes.
import { join } from 'node:path'
import { runCairn, runModule } from '../processes.ts'
import { median, say } from '../report.ts'
import { inFolder } from '../temp-folder.ts'
import { makeRepo, startDaemon } from './daemon.ts'

const STARTS = 7

/** Prints the rows about starts on a repo of `count` blocks of 1 KiB. */
export async function benchStart(count: number): Promise<void> {
  await inFolder(async (folder) => {
    const repo = join(folder, 'repo')
    await makeRepo(repo)
    await runCairn(repo, ['repo', 'stat']) // makes its databases, so that the records do not count as lost
    await runModule('fill-store.ts', [repo, `${count}`, '1024'])
    await runCairn(repo, ['repo', 'stat']) // mends what the kill has left
    for (const options of [['--offline'], []]) {
      const times: number[] = []
      for (let start = 0; start < STARTS; start++) {
        const daemon = await startDaemon(repo, options)
        times.push(daemon.readyMs)
        await daemon.process[Symbol.asyncDispose]()
      }
      say(`cairn daemon ${options.join(' ')}`, timesOf(times))
    }
    const { process: daemon } = await startDaemon(repo)
    await using _ = daemon
    await sayCalls(repo)
  })
}

/** Prints what a daemon without work takes in `seconds`. */
export async function benchIdle(seconds: number): Promise<void> {
  await inFolder(async (folder) => {
    const repo = join(folder, 'repo')
    await makeRepo(repo)
    const { process: daemon } = await startDaemon(repo)
    await using _ = daemon
    await later(5)
    const before = daemon.usage()
    await later(seconds)
    const { cpuSeconds, rssMiB } = daemon.usage()
    const share = ((cpuSeconds - before.cpuSeconds) / seconds) * 100
    say(`idle for ${seconds} s`, `${share.toFixed(2)} % CPU, RSS ${rssMiB.toFixed(0)} MiB`)
  })
}

async function sayCalls(repo: string): Promise<void> {
  const times: number[] = []
  for (let call = 0; call < STARTS; call++) {
    const startedMs = performance.now()
    await runCairn(repo, ['id'])
    times.push(performance.now() - startedMs)
  }
  say('cairn id beside a daemon', timesOf(times))
}

function timesOf(times: readonly number[]): string {
  return `${median(times).toFixed(0)} ms (${Math.min(...times).toFixed(0)} to ${Math.max(...times).toFixed(0)})`
}

function later(seconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000)
  })
}

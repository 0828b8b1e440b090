// `npm run bench:gateway`, or `npm run bench:gateway -- MIB`: a file of so many MiB, 1,024 by default, and one of 16 KiB from the
// gateway of a daemon, beside a bare node:http server that sends the same bytes from memory, and beside the store's own read.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { readFile as readText, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parseCid, readFile } from '@cairn/core'
import { openNode } from '@cairn/node'
import { atExit } from './clean-up.ts'
import { fillRepo } from './exchange.ts'
import { compare, median, RUNS, say, spread } from './report.ts'
import { inFolder } from './temp-folder.ts'

const MIB = 1024 * 1024
const CLI = fileURLToPath(new URL('../bin/cairn.js', import.meta.resolve('@cairn/cli')))
const CONNECTIONS = 64
const REQUESTS = 20_000
const SLOW_READERS = 1000
const runFile = promisify(execFile)

const [sizeMib = 1024] = process.argv.slice(2).map(Number)
await inFolder(async (folder) => {
  const repo = join(folder, 'repo')
  const { root } = await fillRepo(repo, { sizeMib, chunkKib: 1024 })
  const small = join(folder, 'small')
  await writeFile(small, Buffer.alloc(16 * 1024, 7))
  const smallCid = (await runFile(process.execPath, [CLI, '--repo', repo, 'add', '-Q', small])).stdout.trim()
  const amount = { count: (sizeMib * MIB) / 1e6, unit: 'MB' }
  const storeRate = await ownRead(repo, root, amount.count)
  say('store, verified read', `${storeRate.toFixed(0)} MB/s`)

  await slowReadersOf(repo, root)
  const daemon = await start([CLI, '--repo', repo, 'daemon'], /^Daemon is ready$/)
  const bare = await start(
    ['--conditions=source', fileURLToPath(new URL('gateway-bare.ts', import.meta.url)), String(sizeMib * MIB)],
    /^listening (\S+)$/,
  )
  const gateway = await readText(join(repo, 'gateway'), 'utf8')
  const big = `${gateway}/ipfs/${root}`
  const fetchAll = (url: string) => () => runFile('curl', ['-sf', '-o', '/dev/null', url])
  await compare(
    amount,
    { name: `GET ${sizeMib} MiB, gateway`, run: fetchAll(big) },
    { name: 'node:http from memory', run: fetchAll(`${bare.told}/big`) },
  )
  await manyRequests(`${gateway}/ipfs/${smallCid}`, `${bare.told}/small`)
  await Promise.all([daemon.stop(), bare.stop()])
})

async function ownRead(repo: string, root: string, megabytes: number): Promise<number> {
  await using node = await openNode(repo)
  const rates: number[] = []
  for (let run = 0; run < RUNS; run++) {
    const startedMs = performance.now()
    for await (const _ of readFile(node.local, parseCid(root)));
    rates.push((megabytes * 1000) / (performance.now() - startedMs))
  }
  return median(rates)
}

async function manyRequests(url: string, reference: string): Promise<void> {
  const load = fileURLToPath(new URL('gateway-load.ts', import.meta.url))
  const once64 = async (target: string): Promise<readonly [number, number]> => {
    const { stdout } = await runFile(process.execPath, [
      '--conditions=source',
      load,
      target,
      String(CONNECTIONS),
      String(REQUESTS),
    ])
    const [rate = 0, p99 = 0] = stdout.trim().split(' ').map(Number)
    return [rate, p99]
  }
  await once64(url)
  const [ratios, rates, late]: [number[], number[], number[]] = [[], [], []]
  for (let run = 0; run < RUNS; run++) {
    const [referenceRate] = await once64(reference)
    const [rate, p99] = await once64(url)
    ratios.push(rate / referenceRate)
    rates.push(rate)
    late.push(p99)
  }
  say(
    `16 KiB, ${CONNECTIONS} connections`,
    `${median(rates).toFixed(0)} requests/s, p99 ${median(late).toFixed(1)} ms; of node:http ${spread(ratios)}`,
  )
}

/** On a daemon of its own: what others made it hold stays for long. */
async function slowReadersOf(repo: string, root: string): Promise<void> {
  const daemon = await start([CLI, '--repo', repo, 'daemon'], /^Daemon is ready$/)
  await slowReaders(`${await readText(join(repo, 'gateway'), 'utf8')}/ipfs/${root}`, daemon.pid)
  await daemon.stop()
}

/** Readers that take some bytes and then nothing: what they make the daemon hold. */
async function slowReaders(url: string, pid: number): Promise<void> {
  const { hostname, port, pathname } = new URL(url)
  const sockets: Socket[] = []
  const beforeMib = rssMib(pid)
  for (let reader = 0; reader < SLOW_READERS; reader++) {
    const socket = connect({ host: hostname, port: Number(port) })
    socket.on('error', () => undefined)
    socket.once('data', () => socket.pause())
    socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`)
    sockets.push(socket)
    if (reader % 50 === 49) await sleep(50)
  }
  const seen: number[] = []
  for (let look = 0; look < 20; look++) {
    await sleep(1000)
    seen.push(rssMib(pid))
  }
  say(
    `${SLOW_READERS} readers that take nothing`,
    `RSS ${median(seen).toFixed(0)} MiB, at most ${Math.max(...seen).toFixed(0)}, ${beforeMib.toFixed(0)} before`,
  )
  for (const socket of sockets) socket.destroy()
  await sleep(2000)
  say('  after they have gone', `RSS ${rssMib(pid).toFixed(0)} MiB`)
}

function rssMib(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
}

interface Started {
  readonly pid: number
  /** What its line of readiness told. */
  readonly told: string
  stop(): Promise<unknown>
}

async function start(args: readonly string[], ready: RegExp): Promise<Started> {
  // As installed: see bin/cairn.js.
  const child = spawn(process.execPath, ['--max-semi-space-size=8', '--initial-heap-size=96', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const stop = (): Promise<unknown> => {
    child.kill('SIGTERM')
    return ended
  }
  atExit(() => void child.kill('SIGKILL'))
  for await (const line of createInterface(child.stdout)) {
    const found = ready.exec(line)
    if (found === null) continue
    child.stdout.resume()
    return { pid: child.pid ?? 0, told: found[1] ?? '', stop }
  }
  await ended
  throw new Error('the server has ended')
}

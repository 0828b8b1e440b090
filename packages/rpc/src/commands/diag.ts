// cairn diag: how the node and its machine are.
import { readFile, statfs } from 'node:fs/promises'
import { availableParallelism, cpus, freemem, networkInterfaces, totalmem } from 'node:os'
import { lastEvent } from './answers.ts'
import { eventCommand } from '../command.ts'

export const diagSys = eventCommand({
  path: ['diag', 'sys'],
  summary: 'Print what this node runs on',
  examples: ['cairn diag sys'],
  options: {},
  async *run({ repo, running, agentVersion }) {
    const { path } = await repo()
    const { bsize, blocks, bavail, type } = await statfs(path)
    const addresses = Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ cidr }) => cidr))
    yield {
      diskinfo: { fstype: `0x${type.toString(16)}`, free_space: bavail * bsize, total_space: blocks * bsize },
      environment: { IPFS_PATH: path, CAIRN_PATH: path },
      ipfs_commit: '',
      ipfs_version: agentVersion.split('/')[1] ?? '',
      memory: { ...(await ownMemory()), rss: process.memoryUsage().rss, total: totalmem(), free: freemem() },
      net: { interface_addresses: addresses, online: running?.swarm !== undefined },
      runtime: {
        arch: process.arch,
        compiler: 'v8',
        gomaxprocs: availableParallelism(),
        numcpu: cpus().length,
        os: process.platform,
        version: `node ${process.version}`,
        v8: process.versions.v8,
      },
      process: { pid: process.pid, uptime_seconds: Math.round(process.uptime()), is_daemon: running !== undefined },
    }
  },
  answer: lastEvent,
  text: (event) => JSON.stringify(event, null, 2),
})

export const diagHealthy = eventCommand({
  path: ['diag', 'healthy'],
  summary: 'Print ok if the node can read its repo',
  examples: ['cairn diag healthy'],
  options: {},
  async *run({ node }): AsyncGenerator<string> {
    const opened = await node()
    await opened.store.stat()
    await opened.requirePins('Cannot vouch for the repo')
    yield 'ok'
  },
  answer: lastEvent,
  text: (event) => event,
})

/** Bytes of address space that this process has, and that are swapped out, where the system tells. */
async function ownMemory(): Promise<{ readonly swap: number; readonly virt: number }> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '')
  const bytesOf = (name: string): number | undefined => {
    const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024
  }
  return { swap: bytesOf('VmSwap') ?? 0, virt: bytesOf('VmSize') ?? process.memoryUsage().rss }
}

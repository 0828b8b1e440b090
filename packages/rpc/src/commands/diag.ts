// cairn diag: how the node and its machine are.
import { statfs } from 'node:fs/promises'
import { availableParallelism, freemem, networkInterfaces, totalmem } from 'node:os'
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
      environment: { IPFS_PATH: path },
      ipfs_commit: '',
      ipfs_version: agentVersion.split('/')[1] ?? '',
      memory: { swap: 0, virt: process.memoryUsage().rss, total: totalmem(), free: freemem() },
      net: { interface_addresses: addresses, online: running?.swarm !== undefined },
      runtime: {
        arch: process.arch,
        compiler: 'v8',
        gomaxprocs: availableParallelism(),
        os: process.platform,
        version: `node ${process.version}`,
      },
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

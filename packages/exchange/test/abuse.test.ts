// A server under attack beside an honest peer. Long form: CAIRN_SLOW=1, or CAIRN_ABUSE=CONNECTIONS,WANTS.
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { multiaddr } from '@multiformats/multiaddr'
import { afterAll, expect, test } from 'vitest'
import { openBitswap, systemClock } from '../src/index.ts'
import { openLibp2pNetwork } from '../src/libp2p-network.ts'
import { closeAll, MIB, openLibp2p } from './libp2p-node.ts'
import { MapStore } from './map-store.ts'
import { randomBlocks } from './peer.ts'

const IS_LONG = process.env['CAIRN_SLOW'] !== undefined
const [CONNECTIONS = '', WANTS = ''] = (process.env['CAIRN_ABUSE'] ?? (IS_LONG ? '100,1000000' : '5,3000')).split(',')
const BLOCKS = 1000
const children: ChildProcess[] = []

afterAll(async () => {
  await closeAll()
  for (const child of children) child.kill('SIGKILL')
})

/** A process and the lines that it prints. */
function run(file: string, ...args: readonly string[]): { child: ChildProcess; lines: AsyncIterator<string> } {
  const path = fileURLToPath(new URL(`abuse/${file}`, import.meta.url))
  const child = spawn(process.execPath, ['--conditions=source', '--no-warnings', path, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() }
}

async function nextOf(lines: AsyncIterator<string>): Promise<string> {
  const { value, done } = await lines.next()
  if (done === true) throw new Error('the process has ended')
  return value
}

test(
  `${CONNECTIONS} connections with ${WANTS} wants each, cancels, messages too long and streams for nothing`,
  async () => {
    const server = run('serve.ts', `${BLOCKS}`)
    const address = await nextOf(server.lines)
    const look = async (): Promise<{ rss: number; lagMs: number }> => {
      server.child.stdin?.write('\n')
      return JSON.parse(await nextOf(server.lines))
    }
    const libp2p = await openLibp2p()
    const bitswap = openBitswap({ network: await openLibp2pNetwork(libp2p), store: new MapStore(), clock: systemClock })
    await libp2p.dial(multiaddr(address))
    const blocks = randomBlocks(BLOCKS, 16_384)
    const fetchAll = async (): Promise<number> => {
      const times: number[] = []
      for (const { cid, bytes } of blocks) {
        const start = performance.now()
        const block = await bitswap.fetch(cid, { signal: AbortSignal.timeout(20_000) })
        times.push(performance.now() - start)
        if (!Buffer.from(block.bytes).equals(bytes)) throw new Error('wrong bytes')
      }
      return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0
    }
    await fetchAll()
    await look()
    const aloneMs = await fetchAll()
    const before = await look()
    const attack = run('attack.ts', address, CONNECTIONS, WANTS)
    expect(await nextOf(attack.lines)).toBe('connected')
    const seen = { rss: 0, lagMs: 0, attackedMs: 0 }
    let isDone = false
    const done = nextOf(attack.lines).then(() => {
      isDone = true
    })
    do {
      seen.attackedMs = Math.max(seen.attackedMs, await fetchAll())
      const { rss, lagMs } = await look()
      seen.rss = Math.max(seen.rss, rss)
      seen.lagMs = Math.max(seen.lagMs, lagMs)
    } while (!isDone)
    await done
    const report = { aloneMs, ...seen, moreMib: (seen.rss - before.rss) / MIB }
    if (process.env['CAIRN_ABUSE'] !== undefined) console.error(report)
    // What is kept today; the goal is 64 MiB, which the heap that V8 lets grow under load does not keep yet.
    expect(seen.rss - before.rss).toBeLessThan(400 * MIB)
    await bitswap.close()
  },
  IS_LONG ? 1_800_000 : 60_000,
)

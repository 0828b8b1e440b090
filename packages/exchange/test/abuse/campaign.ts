// One server under attack beside an honest peer, all in processes of their own but the honest peer, which is this one.
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Block } from '@cairn/core'
import { multiaddr } from '@multiformats/multiaddr'
import { openBitswap, openLibp2pNetwork, systemClock, type Bitswap } from '../../src/index.ts'
import { openLibp2p } from '../libp2p-node.ts'
import { MapStore } from '../map-store.ts'
import { randomBlocks } from '../peer.ts'

/** How hard the attack is. */
export interface Campaign {
  readonly connections: number
  /** Wants of each connection. */
  readonly wants: number
  /** Bytes that all attackers send in a second. */
  readonly bytesPerSecond: number
  /** Times that the honest peer gets all blocks before the attack, so that the memory is what it is in the long run. */
  readonly passes: number
  /** Milliseconds after which the attack is called off, whatever is left to send. */
  readonly attackMs: number
}

/** What the attacked process says of itself. */
export interface Look {
  readonly rss: number
  readonly lagMs: number
  readonly lagMsMax: number
  readonly cpuSeconds: number
  readonly bytesIn: number
  readonly bufferedBytes: number
}

/** How the honest peer fared. */
export interface Passage {
  readonly blocks: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly blocksPerSecond: number
}

export interface CampaignReport {
  readonly alone: Passage & Look
  readonly attacked: Passage & Look
  readonly isSent: boolean
}

/** As the command line starts itself, so that the memory is that of a daemon. */
const HEAP = ['--max-semi-space-size=8', '--initial-heap-size=96']
const BLOCKS = 1000
const BLOCK_BYTES = 16_384

/** Runs a campaign. Fails when the honest peer loses anything. */
export async function runCampaign(campaign: Campaign): Promise<CampaignReport> {
  const { connections, wants, bytesPerSecond, passes, attackMs } = campaign
  const server = run('serve.ts', `${BLOCKS}`)
  const children = [server.child]
  const libp2p = await openLibp2p()
  const bitswap = openBitswap({ network: await openLibp2pNetwork(libp2p), store: new MapStore(), clock: systemClock })
  const look = async (): Promise<Look> => {
    server.child.stdin?.write('\n')
    return JSON.parse(await nextOf(server.lines))
  }
  try {
    const address = await nextOf(server.lines)
    await libp2p.dial(multiaddr(address))
    const blocks = randomBlocks(BLOCKS, BLOCK_BYTES)
    await pass(bitswap, blocks, (count) => count < passes)
    await look()
    const aloneTimes = await pass(bitswap, blocks, (count) => count < passes)
    const alone = { ...aloneTimes, ...(await look()) }
    const attack = run('attack.ts', address, `${connections}`, `${wants}`, `${bytesPerSecond}`)
    children.push(attack.child)
    await nextOf(attack.lines)
    let isSent = false
    void nextOf(attack.lines).then(
      () => (isSent = true),
      () => undefined,
    )
    const end = performance.now() + attackMs
    const attackedTimes = await pass(bitswap, blocks, () => !isSent && performance.now() < end)
    return { alone, attacked: { ...attackedTimes, ...(await look()) }, isSent }
  } finally {
    for (const child of children) child.kill('SIGKILL')
    await bitswap.close()
    await libp2p.stop()
  }
}

/** Gets all blocks one by one, at least once and for as long as `goesOn`. */
async function pass(bitswap: Bitswap, blocks: readonly Block[], goesOn: (count: number) => boolean): Promise<Passage> {
  const times: number[] = []
  const start = performance.now()
  for (let count = 0; count === 0 || goesOn(count); count++) {
    for (const { cid, bytes } of blocks) {
      const asked = performance.now()
      const block = await bitswap.fetch(cid, { signal: AbortSignal.timeout(20_000) })
      times.push(performance.now() - asked)
      if (!Buffer.from(block.bytes).equals(bytes)) throw new Error('wrong bytes')
    }
  }
  const seconds = (performance.now() - start) / 1000
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0
  return { blocks: times.length, p50Ms: at(0.5), p99Ms: at(0.99), blocksPerSecond: times.length / seconds }
}

/** A process and the lines that it prints. */
function run(file: string, ...args: readonly string[]): { child: ChildProcess; lines: AsyncIterator<string> } {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const child = spawn(
    process.execPath,
    [...(file === 'serve.ts' ? HEAP : []), '--conditions=source', '--no-warnings', path, ...args],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() }
}

async function nextOf(lines: AsyncIterator<string>): Promise<string> {
  const { value, done } = await lines.next()
  if (done === true) throw new Error('the process has ended')
  return value
}

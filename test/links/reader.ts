// Run as a process in a namespace: a node on the repo and listening on the addresses that it is given, which does what each
// line on standard input says and answers with a line. Times are taken in here, where nothing has to be started any more.
import { createInterface } from 'node:readline'
import { parseCid, readEarly, readFile } from '@cairn/core'
import { openNode } from '@cairn/node'

/** What a reader can be told to do. */
export type Order =
  | { readonly verb: 'connect'; readonly addresses: readonly string[] }
  | { readonly verb: 'read'; readonly cid: string; readonly offset?: number; readonly length?: number }
  | { readonly verb: 'pin'; readonly cid: string }

/** How it went, and what has come since the reader began. */
export interface Report {
  /** Milliseconds until the first byte was there. */
  readonly firstMs: number
  readonly ms: number
  readonly bytes: number
  readonly cpuMs: number
  readonly received: number
  readonly duplicate: number
  /** Blocks. */
  readonly unasked: number
  /** Bytes that others were sent. */
  readonly sent: number
  readonly peers: number
  readonly error?: string | undefined
}

const [repo = '', ...listen] = process.argv.slice(2)
const node = await openNode(repo, { online: { listen } })
const { swarm } = node
if (swarm === undefined) throw new Error('a reader is online')
process.stdout.write('ready\n')
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await follow(JSON.parse(line) as Order))}\n`)
}
await node.close()

async function follow(order: Order): Promise<Report> {
  const startMs = performance.now()
  const cpu = process.cpuUsage()
  const now = { firstMs: 0, bytes: 0, error: undefined as string | undefined }
  try {
    for await (const bytes of run(order)) {
      now.firstMs ||= performance.now() - startMs
      now.bytes += bytes
    }
  } catch (error) {
    now.error = String(error)
  }
  const { user, system } = process.cpuUsage(cpu)
  const stats = swarm?.bitswap.stats()
  return {
    ...now,
    ms: performance.now() - startMs,
    cpuMs: (user + system) / 1000,
    received: stats?.dataReceived ?? 0,
    duplicate: stats?.dupDataReceived ?? 0,
    unasked: stats?.unaskedBlksReceived ?? 0,
    sent: stats?.dataSent ?? 0,
    peers: stats?.peers.length ?? 0,
  }
}

/** Numbers of bytes, as they come. */
async function* run(order: Order): AsyncGenerator<number> {
  if (order.verb === 'connect') {
    await Promise.all(order.addresses.map((address) => swarm?.connect(address)))
  } else if (order.verb === 'pin') {
    await node.pins.add(parseCid(order.cid))
  } else {
    const { offset, length } = order
    const cid = parseCid(order.cid)
    const content = readEarly(node.blocks, (reader) => readFile(reader, cid, { offset, length }))
    for await (const bytes of content) yield bytes.length
  }
}

// What Helia and Cairn remember of each other's wants, and files over WebSocket.
import { unixfs } from '@helia/unixfs'
import { multiaddr } from '@multiformats/multiaddr'
import { createBlock, RAW_CODE, type Block } from '@cairn/core'
import { openNode, type Node } from '@cairn/node'
import { CID } from 'multiformats/cid'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { addFile, joined, randomBytes, readAll } from './content.ts'
import { startHelia } from './helia-peer.ts'
import { newRepo } from './temp-repo.ts'

/** Wants that Cairn remembers of one peer. */
const REMEMBERED = 4096

let node: Node
let helia: Awaited<ReturnType<typeof startHelia>>

beforeEach(async () => {
  const listen = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws']
  node = await openNode(await newRepo(), { online: { listen } })
  helia = await startHelia()
})

afterEach(async () => {
  await Promise.all([helia.stop(), node.close()])
})

const signal = (): AbortSignal => AbortSignal.timeout(30_000)
const block = (seed: number): Block => createBlock(randomBytes(5000, seed), { codec: RAW_CODE })

async function meet(): Promise<void> {
  await node.swarm?.host.connect(String(helia.libp2p.getMultiaddrs()[0]))
}

function webSocketOf(addresses: readonly unknown[]): string {
  const found = addresses.map(String).find((address) => address.includes('/ws'))
  if (found === undefined) throw new TypeError('it listens on WebSocket')
  return found
}

/** What Helia remembers that Cairn wants; it shows that to nobody. */
function wantsAtHelia(): readonly string[] {
  interface Broker {
    readonly bitswap?: { getPeerWantlist(peer: unknown): readonly { readonly cid: CID }[] | undefined }
  }
  const { blockBrokers } = helia as unknown as { readonly blockBrokers: readonly Broker[] }
  const bitswap = blockBrokers.find((broker) => broker.bitswap !== undefined)?.bitswap
  if (bitswap === undefined) throw new TypeError('it has bitswap')
  return helia.libp2p
    .getPeers()
    .flatMap((peer) => bitswap.getPeerWantlist(peer)?.map(({ cid }) => cid.toString()) ?? [])
}

it.each([
  ['Cairn', async () => void (await node.swarm?.host.connect(webSocketOf(helia.libp2p.getMultiaddrs())))],
  ['Helia', async () => void (await helia.libp2p.dial(multiaddr(webSocketOf(node.swarm?.host.addresses() ?? []))))],
])('files go both ways over WebSocket when %s dials', async (_, dial) => {
  await dial()
  await expect.poll(() => String(helia.libp2p.getConnections()[0]?.remoteAddr)).toContain('/ws')
  const [theirs, ours] = [randomBytes(5_000_001, 1), randomBytes(5_000_001, 2)]
  const cid = await unixfs(helia).addBytes(theirs)
  expect(Buffer.compare(await readAll(node.blocks, cid, signal()), theirs)).toBe(0)
  const got = await joined(unixfs(helia).cat(await addFile(node, ours), { signal: signal() }))
  expect(Buffer.compare(got, ours)).toBe(0)
})

it('Helia forgets a want that Cairn gives up', async () => {
  await meet()
  const { cid } = block(3)
  const abort = new AbortController()
  const waiting = node.blocks.get(cid, { signal: abort.signal })
  await expect.poll(wantsAtHelia).toEqual([cid.toString()])
  abort.abort()
  await expect(waiting).rejects.toThrow()
  await expect.poll(wantsAtHelia).toEqual([])
})

it('Cairn bounds the wants that Helia gives up without saying so, and goes on serving it', async () => {
  await meet()
  const peer = helia.libp2p.peerId.toString()
  const abort = new AbortController()
  const asks = Array.from({ length: REMEMBERED + 500 }, async (_, index) => {
    const { cid } = createBlock(randomBytes(64, index), { codec: RAW_CODE })
    await Array.fromAsync(helia.blockstore.get(CID.parse(String(cid)), { signal: abort.signal }))
  })
  const ends = Promise.allSettled(asks)
  await expect.poll(() => node.swarm?.bitswap.wantsOf(peer).length, { timeout: 20_000 }).toBe(REMEMBERED)
  abort.abort()
  await ends
  expect(node.swarm?.bitswap.wantsOf(peer)).toHaveLength(REMEMBERED)
  const bytes = randomBytes(3_000_001, 4)
  const got = await joined(unixfs(helia).cat(await addFile(node, bytes), { signal: signal() }))
  expect(Buffer.compare(got, bytes)).toBe(0)
  expect(node.swarm?.bitswap.wantsOf(peer).length).toBeLessThanOrEqual(REMEMBERED)
})

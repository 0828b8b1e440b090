// A Helia node and a Cairn node exchange a file over TCP, both ways and whoever dials.
import { unixfs } from '@helia/unixfs'
import { multiaddr } from '@multiformats/multiaddr'
import { openNode, type Node } from '@cairn/node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addFile, joined, randomBytes, readAll } from './content.ts'
import { startHelia } from './helia-peer.ts'
import { newRepo } from './temp-repo.ts'

const bytes = randomBytes(20 * 1024 * 1024 + 1, 2)

let node: Node
let helia: Awaited<ReturnType<typeof startHelia>>

beforeEach(async () => {
  node = await openNode(await newRepo(), { online: {} })
  helia = await startHelia()
})

afterEach(async () => {
  await Promise.all([helia.stop(), node.close()])
})

const dials = [
  ['Cairn', async () => void (await node.swarm?.host.connect(String(helia.libp2p.getMultiaddrs()[0])))],
  ['Helia', async () => void (await helia.libp2p.dial(multiaddr(node.swarm?.host.addresses()[0])))],
] as const

describe.each(dials)('when %s dials', (_, dial) => {
  it('Cairn gets 20 MiB from Helia', async () => {
    const cid = await unixfs(helia).addBytes(bytes)
    await dial()
    expect(Buffer.compare(await readAll(node.blocks, cid, AbortSignal.timeout(30_000)), bytes)).toBe(0)
  })

  it('Helia gets 20 MiB from Cairn', async () => {
    const cid = await addFile(node, bytes)
    await dial()
    const got = await joined(unixfs(helia).cat(cid, { signal: AbortSignal.timeout(30_000) }))
    expect(Buffer.compare(got, bytes)).toBe(0)
  })
})

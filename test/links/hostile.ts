// Run as a process in a namespace: peers with bitswap that mean harm, on the address that it is given. It says their addresses in
// one line: first those that lie, which send other bytes than they are asked for, then those that stall, which say that they
// have everything and send nothing, then those that drip, which send what the repo has, a block in five seconds.
import { createBlock, RAW_CODE, type Network, type PeerId } from '@cairn/core'
import { decodeMessage, encodeMessage, openLibp2pNetwork } from '@cairn/exchange'
import { openHost } from '@cairn/network'
import { generateIdentity } from '@cairn/network/identity'
import { openNode } from '@cairn/node'

type Wants = ReturnType<typeof decodeMessage>['wants']

const DRIP_MS = 5000
/** Bytes of each block that was never asked for. */
const WRONG_BYTES = 4096

const [repo = '', address = '', each = '1'] = process.argv.slice(2)
const node = await openNode(repo)
const counter = { next: 0 }

const KINDS: readonly ((network: Network, to: PeerId, wants: Wants) => Promise<void>)[] = [
  async (network, to, wants) => {
    for (const _ of wants) {
      const bytes = new Uint8Array(WRONG_BYTES)
      new DataView(bytes.buffer).setUint32(0, counter.next++)
      await network.send(to, encodeMessage({ blocks: [createBlock(bytes, { codec: RAW_CODE })] }))
    }
  },
  async () => undefined,
  async (network, to, wants) => {
    for (const { cid } of wants) {
      const block = await node.blocks.get(cid)
      await new Promise((resolve) => setTimeout(resolve, DRIP_MS))
      await network.send(to, encodeMessage({ blocks: [block] }))
    }
  },
]

const addresses: string[] = []
for (const answer of KINDS) {
  for (let count = 0; count < Number(each); count++) {
    const host = await openHost({ identity: generateIdentity(), listen: [`/ip4/${address}/tcp/0`] })
    const network = await openLibp2pNetwork(host.libp2p)
    network.attach({
      connected: () => undefined,
      disconnected: () => undefined,
      async message(peer, bytes) {
        const wants = decodeMessage(bytes).wants.filter(({ cancel }) => !cancel)
        if (wants.length === 0) return
        const presences = wants.map(({ cid }) => ({ cid, has: true }))
        const blocks = wants.filter(({ type }) => type === 'block')
        const answering = network.send(peer, encodeMessage({ presences })).then(() => answer(network, peer, blocks))
        // Whoever was let go cannot send any more.
        void answering.catch(() => undefined)
      },
    })
    addresses.push(...host.addresses().slice(0, 1))
  }
}
process.stdout.write('ready\n')
process.stdin.on('data', () => process.stdout.write(`${addresses.join(' ')}\n`))

// `exchange-fetch.ts REPO ADDRESS CID read|pin`: fetches a file into the repo from the peer at the address, by reading it or by
// pinning it. Each block is verified and on the disk before it counts.
import { parseCid, readEarly, readFile } from '@cairn/core'
import { openNode } from '@cairn/node'
import { mark } from './mark.ts'

const [repo = '', address = '', root = '', how] = process.argv.slice(2)
const cid = parseCid(root)
const node = await openNode(repo, { online: { listen: [] } })
await node.swarm?.connect(address)
mark('connected')
let isFirst = true
if (how === 'pin') {
  // The first block is the root, which holds nothing of the file.
  await node.pins.add(cid, { onProgress: ({ blocks }) => blocks > 1 && begun() })
} else {
  for await (const _ of readEarly(node.blocks, (reader) => readFile(reader, cid))) begun()
}
mark('done', node.swarm?.bitswap.stats().dupDataReceived)
await node.close()

function begun(): void {
  if (isFirst) mark('first')
  isFirst = false
}

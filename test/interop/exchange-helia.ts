// `exchange-helia.ts serve STORE` and `exchange-helia.ts fetch STORE ADDRESS CID`: both sides of a transfer by Helia.
import { unixfs } from '@helia/unixfs'
import { multiaddr } from '@multiformats/multiaddr'
import { FsBlockstore } from 'blockstore-fs'
import { CID } from 'multiformats/cid'
import { mark } from '../bench/mark.ts'
import { startHelia } from './helia-peer.ts'

const [role, path = '', address = '', root = ''] = process.argv.slice(2)
const blockstore = new FsBlockstore(path)
await blockstore.open()
const helia = await startHelia({ blockstore })
if (role === 'serve') {
  mark('listening', helia.libp2p.getMultiaddrs()[0])
} else {
  await helia.libp2p.dial(multiaddr(address))
  mark('connected')
  let isFirst = true
  for await (const _ of unixfs(helia).cat(CID.parse(root))) {
    if (isFirst) mark('first')
    isFirst = false
  }
  mark('done')
  await helia.stop()
}

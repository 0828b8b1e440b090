// Run as a process by abuse.test.ts: connects many times to the address that it is given, and on each connection asks for what
// is not there, cancels it, begins messages that never end and opens streams for nothing, until it is killed.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { CID } from 'multiformats/cid'
import { encodeMessage } from '../../src/message.ts'
import { frame, openPlain, PROTOCOL } from '../libp2p-node.ts'
import { want } from '../peer.ts'

const [address = '', connections = '10', wants = '10000'] = process.argv.slice(2)
const ENTRIES = 1000
const digest = Buffer.alloc(34)
digest.set([0x12, 0x20])
let next = 0

process.on('uncaughtException', () => undefined)
const opened: Connection[] = []
for (let index = 0; index < Number(connections); index++) {
  const node = await openPlain()
  opened.push(await node.dial(multiaddr(address)))
}
process.stdout.write('connected\n')
await Promise.all(opened.map((connection, index) => attack(connection, index)))
process.stdout.write('done\n')
setInterval(() => undefined, 1000)

async function attack(connection: Connection, index: number): Promise<void> {
  try {
    const stream = await connection.newStream(PROTOCOL)
    for (let sent = 0; sent < Number(wants); sent += ENTRIES) {
      const cids = Array.from({ length: ENTRIES }, randomCid)
      await send(stream, encodeMessage({ wants: cids.map((cid) => want(cid)) }))
      if (sent % (4 * ENTRIES) === 0)
        await send(stream, encodeMessage({ wants: cids.map((cid) => want(cid, { cancel: true })) }))
      if (sent % (10 * ENTRIES) === 0) await waste(connection, index)
    }
  } catch {
    // Let go by the server, which is its right.
  }
}

async function waste(connection: Connection, index: number): Promise<void> {
  for (let count = 0; count < 8; count++) {
    const stream = await connection.newStream(PROTOCOL)
    // Too long, or a promise of 4 MiB of which little comes.
    stream.send(index % 2 === 0 ? frame(new Uint8Array(10), 5 << 20) : frame(new Uint8Array(1000), 4 << 20))
    if (count > 3) stream.abort(new Error('enough'))
  }
}

async function send(stream: Stream, message: Uint8Array): Promise<void> {
  while (stream.writableNeedsDrain) await sleep(5)
  stream.send(frame(message))
}

function randomCid(): CID {
  digest.writeUInt32LE(next++, 2)
  digest.writeUInt32LE(process.pid, 8)
  return CID.decode(Buffer.concat([Buffer.from([1, 0x55]), digest]))
}

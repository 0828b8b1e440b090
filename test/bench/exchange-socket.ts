// The reference of the exchange: one TLS socket and nothing around it. `exchange-socket.ts send FILE` serves the file to who
// connects; `exchange-socket.ts receive PORT BYTES CHUNK store|files FOLDER` hashes each chunk and keeps it there.
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { openLevelStore } from '@cairn/blockstore'
import { createBlock, RAW_CODE } from '@cairn/core'
import { mark } from './mark.ts'
import { BATCH_BYTES } from './numbered-blocks.ts'

const MIB = 1024 * 1024
// A key that both know takes the place of certificates. The cipher is the one that TLS 1.3 takes here, too.
const SECRET = Buffer.alloc(32, 1)
const CIPHER = { ciphers: 'PSK-AES256-GCM-SHA384', maxVersion: 'TLSv1.2' } as const

const [role, ...args] = process.argv.slice(2)
if (role === 'send') await send(args)
else await receive(args)

async function send([file = '']: readonly string[]): Promise<void> {
  const server = createServer({ ...CIPHER, pskCallback: () => SECRET }, (socket) => {
    // Whoever receives may hang up first.
    void pipeline(createReadStream(file, { highWaterMark: MIB }), socket).catch(() => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  mark('listening', (server.address() as AddressInfo).port)
}

async function receive([port, size, chunk, kind, folder = '']: readonly string[]): Promise<void> {
  const keep = kind === 'store' ? await intoStore(folder) : intoFiles(folder)
  const socket = connect({
    ...CIPHER,
    host: '127.0.0.1',
    port: Number(port),
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ psk: SECRET, identity: 'bench' }),
  })
  await once(socket, 'secureConnect')
  mark('connected')
  let batch: Uint8Array[] = []
  let before = Promise.resolve()
  let isFirst = true
  for await (const bytes of chunksOf(socket, Number(size), Number(chunk))) {
    if (isFirst) mark('first')
    isFirst = false
    batch.push(bytes)
    if (batch.length * Number(chunk) < BATCH_BYTES) continue
    await before
    before = keep(batch)
    batch = []
  }
  await before
  await keep(batch)
  mark('done')
  socket.destroy()
}

/** The bytes of the socket in pieces of `chunkBytes`, `size` in all. */
async function* chunksOf(socket: TLSSocket, size: number, chunkBytes: number): AsyncGenerator<Uint8Array> {
  let left = size
  let chunk = Buffer.allocUnsafeSlow(Math.min(chunkBytes, left))
  let filled = 0
  for await (const data of socket as AsyncIterable<Buffer>) {
    for (let at = 0; at < data.length;) {
      const copied = data.copy(chunk, filled, at)
      at += copied
      filled += copied
      left -= copied
      if (filled < chunk.length) continue
      yield chunk
      chunk = Buffer.allocUnsafeSlow(Math.min(chunkBytes, left))
      filled = 0
    }
    if (left === 0) return
  }
  throw new Error(`The socket ended ${left} bytes early`)
}

type Keep = (batch: readonly Uint8Array[]) => Promise<void>

/** Into a block store of Cairn: on the disk when it resolves. */
async function intoStore(folder: string): Promise<Keep> {
  const store = await openLevelStore(folder)
  return (batch) => store.putMany(batch.map((bytes) => createBlock(bytes, { codec: RAW_CODE })))
}

/** Into a file each, which the system writes to the disk when it likes. */
function intoFiles(folder: string): Keep {
  return async (batch) => {
    await Promise.all(batch.map((bytes) => writeFile(join(folder, hash('sha256', bytes)), bytes)))
  }
}

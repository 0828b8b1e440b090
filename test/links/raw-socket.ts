// Run as a process in a namespace: one bare TLS socket, to which the exchange is compared. `serve ADDRESS BYTES` sends that
// much for each byte that it gets; `fetch ADDRESS` connects, asks once a line comes, and prints the milliseconds until all is there.
import { once } from 'node:events'
import { connect, createServer, type TLSSocket } from 'node:tls'

const PORT = 4002
/** Encrypts as TLS with certificates does, and needs none. */
const SECRET = { ciphers: 'PSK-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' } as const
const KEY = Buffer.alloc(16, 1)
const PIECE_BYTES = 64 * 1024
const [role, address = '', count = '0'] = process.argv.slice(2)

if (role === 'serve') serve(Number(count))
else await fetchAll(Number(count))

function serve(bytes: number): void {
  createServer({ ...SECRET, pskCallback: () => KEY }, (socket) => {
    socket.setNoDelay(true)
    socket.on('data', () => void send(socket, bytes))
    socket.on('error', () => undefined)
  }).listen(PORT, address, () => process.stdout.write('ready\n'))
}

async function send(socket: TLSSocket, bytes: number): Promise<void> {
  const piece = Buffer.alloc(PIECE_BYTES, 7)
  for (let left = bytes; left > 0; left -= PIECE_BYTES) {
    if (!socket.write(piece.subarray(0, left))) await once(socket, 'drain')
  }
}

async function fetchAll(bytes: number): Promise<void> {
  const socket = connect({
    ...SECRET,
    host: address,
    port: PORT,
    pskCallback: () => ({ psk: KEY, identity: 'reader' }),
    checkServerIdentity: () => undefined,
  })
  await once(socket, 'secureConnect')
  socket.setNoDelay(true)
  process.stdout.write('ready\n')
  for await (const _ of process.stdin) {
    const startMs = performance.now()
    let [got, firstMs] = [0, 0]
    socket.write('?')
    for await (const piece of socket.iterator({ destroyOnReturn: false })) {
      firstMs ||= performance.now() - startMs
      got += (piece as Buffer).length
      if (got >= bytes) break
    }
    process.stdout.write(`${JSON.stringify({ firstMs, ms: performance.now() - startMs })}\n`)
  }
}

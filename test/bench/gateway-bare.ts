// A server of node:http alone that streams bytes from memory: what the gateway is measured by. Argument: bytes of `/big`.
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const PIECE = Buffer.alloc(1024 * 1024, 7)
const SMALL = Buffer.alloc(16 * 1024, 7)
const [, , bytes = '0'] = process.argv

const server = createServer((request, response) => {
  if (request.url !== '/big') response.writeHead(200, { 'Content-Length': SMALL.length }).end(SMALL)
  else void stream(response, Number(bytes))
})
server.listen(0, '127.0.0.1', () => console.log(`listening http://127.0.0.1:${(server.address() as AddressInfo).port}`))

async function stream(response: ServerResponse, size: number): Promise<void> {
  response.writeHead(200, { 'Content-Length': size })
  for (let left = size; left > 0; left -= PIECE.length)
    if (!response.write(PIECE.subarray(0, left))) await new Promise((resolve) => response.once('drain', resolve))
  response.end()
}

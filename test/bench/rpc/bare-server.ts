// `bare-server.ts MIB`: the reference of the bench, a server of node:http that drops what is posted to it, and answers
// `/read` with so many MiB. Prints its port.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { randomPieces } from '../random-bytes.ts'

const [sizeMib = 1] = process.argv.slice(2).map(Number)
const PIECE_BYTES = 1024 * 1024
const ring = [...randomPieces(Math.min(64, sizeMib), PIECE_BYTES)]

const server = createServer((request, response) => {
  void (async () => {
    for await (const _ of request);
    if (request.url === '/read')
      for (let piece = 0; piece < sizeMib; piece++)
        if (!response.write(ring[piece % ring.length])) await once(response, 'drain')
    response.end()
  })()
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  console.log(`listening on ${typeof address === 'object' ? address?.port : ''}`)
})

// A web server on loopback that may be a trustless gateway, a bad one, or none at all.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Block } from '@cairn/core'
import { onTestFinished } from 'vitest'

/** Answers one request itself, or gives false to have it answered as a gateway does. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse) => boolean

export interface WebServer {
  readonly url: string
  /** Paths asked for, in their order, with their methods. */
  readonly requests: string[]
  /** What it does instead of answering as a gateway. */
  behaviour: Behaviour
}

/** Serves `blocks` until the test is over. */
export async function serveBlocks(blocks: readonly Block[]): Promise<WebServer> {
  const byCid = new Map(blocks.map(({ cid, bytes }) => [cid.toString(), bytes]))
  byCid.set('bafkqaaa', new Uint8Array(0))
  const result: WebServer = { url: '', requests: [], behaviour: () => false }
  const server = createServer((request, response) => {
    result.requests.push(`${request.method} ${request.url}`)
    if (result.behaviour(request, response)) return
    const cid = /^\/ipfs\/([^/?]+)\?format=raw$/.exec(request.url ?? '')?.[1] ?? ''
    const bytes = byCid.get(cid)
    if (bytes === undefined || request.headers.accept !== 'application/vnd.ipld.raw') {
      response.writeHead(404).end()
    } else {
      response.writeHead(200, { 'content-type': 'application/vnd.ipld.raw', 'content-length': bytes.length })
      response.end(request.method === 'HEAD' ? undefined : bytes)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return Object.assign(result, { url: `http://127.0.0.1:${port}` })
}

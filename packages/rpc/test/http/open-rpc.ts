// A real node behind a real server on loopback, and clients that speak no more than HTTP to it.
import {
  request as httpRequest,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { createRepo, openNode, readRepo, type Node } from '@cairn/node'
import { onTestFinished } from 'vitest'
import type { AccessSettings } from '../../src/http/access.ts'
import { COMMANDS, openRpcServer, UNBUILT, type Command, type RpcServerParts } from '../../src/index.ts'
import { tempFolder } from '../temp-folder.ts'

/** One answer, read to its end. */
export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly trailers: NodeJS.Dict<string>
  readonly bytes: Buffer
  /** The body as text. */
  readonly text: string
  /** The values of its lines of JSON. */
  readonly values: readonly unknown[]
}

/** What a request has beside its path. */
export interface PostOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string | AsyncIterable<Uint8Array> | undefined
  readonly agent?: RequestOptions['agent']
}

export interface OpenRpc {
  readonly node: Node
  readonly port: number
  /** Calls a path below `/api/v0/`, or one from the root. */
  post(path: string, options?: PostOptions): Promise<Reply>
  /** A bare connection. */
  socket(): Socket
  /** Sends `text` over a bare connection, and gives all that comes until the other side closes it. */
  raw(text: string): Promise<string>
  close(): Promise<void>
}

export interface RpcOptions extends Pick<RpcServerParts, 'limits' | 'calls' | 'metrics'> {
  /** Whether paths of Kubo that are not built answer so. */
  readonly withUnbuilt?: boolean
  readonly access?: AccessSettings
  readonly commands?: readonly Command[]
  readonly online?: boolean
}

/** A server that ends with the test. */
export async function openRpc({
  access,
  commands = COMMANDS,
  limits,
  online = false,
  withUnbuilt = false,
  ...watching
}: RpcOptions = {}): Promise<OpenRpc> {
  const path = join(await tempFolder(), 'repo')
  await createRepo(path, 'test')
  const node = await openNode(path, online ? { online: {} } : {})
  const server = await openRpcServer(
    { host: '127.0.0.1', port: 0 },
    {
      commands: withUnbuilt ? [...commands, ...UNBUILT] : commands,
      access: () => access ?? { origins: [] },
      context: {
        node: () => Promise.resolve(node),
        running: node,
        repo: () => readRepo(path),
        agentVersion: 'cairn/test',
      },
      ...(limits && { limits }),
      ...watching,
    },
  )
  onTestFinished(async () => {
    await server.close()
    await node.close()
  })
  const port = Number(server.address.split('/').at(-1))
  const socket = (): Socket => {
    const opened = connect({ host: '127.0.0.1', port })
    opened.on('error', () => undefined)
    onTestFinished(() => void opened.destroy())
    return opened
  }
  return {
    node,
    port,
    post: (target, options) => post(port, target, options),
    socket,
    raw: (text) => rest(socket(), text),
    close: () => server.close(),
  }
}

async function post(port: number, target: string, options: PostOptions = {}): Promise<Reply> {
  const { method = 'POST', headers = {}, body, agent } = options
  const path = target.startsWith('/') ? target : `/api/v0/${target}`
  const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, ...(agent !== undefined && { agent }) })
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).once('error', reject)
    void send(request, body)
  })
  request.on('error', () => undefined)
  const pieces: Uint8Array[] = []
  for await (const piece of response) pieces.push(piece as Uint8Array)
  const bytes = Buffer.concat(pieces)
  const text = bytes.toString()
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    trailers: response.trailers,
    bytes,
    text,
    get values() {
      return text.split('\n').flatMap((line): unknown[] => (line === '' ? [] : [JSON.parse(line)]))
    },
  }
}

async function send(request: ClientRequest, body: PostOptions['body']): Promise<void> {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    request.end(body)
    return
  }
  for await (const piece of body) {
    if (request.destroyed) return
    if (!request.write(piece)) await new Promise((resolve) => request.once('drain', resolve))
  }
  request.end()
}

function rest(socket: Socket, text: string): Promise<string> {
  return new Promise((resolve) => {
    let all = ''
    socket.on('data', (piece: Buffer) => (all += piece.toString('latin1'))).once('close', () => resolve(all))
    socket.write(text)
  })
}

/** One part of a body, as Kubo's clients send it. */
export interface PartText {
  readonly name?: string
  readonly filename?: string
  readonly type?: string
  readonly content?: string
}

/** A body, with the header that it needs. */
export interface FormBody {
  readonly headers: { readonly 'Content-Type': string }
  readonly body: string
}

const BOUNDARY = 'line-between-parts'

/** A body of `parts`, with the header that it needs. */
export function form(parts: readonly PartText[], end = `--${BOUNDARY}--\r\n`): FormBody {
  const texts = parts.map(({ name = 'file', filename, type = 'application/octet-stream', content = '' }) => {
    const file = filename === undefined ? '' : `; filename="${filename}"`
    return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${file}\r\nContent-Type: ${type}\r\n\r\n${content}\r\n`
  })
  return { headers: { 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}` }, body: texts.join('') + end }
}

/** A body of one file. */
export function fileForm(content: string, filename = 'f'): FormBody {
  return form([{ filename, content }])
}

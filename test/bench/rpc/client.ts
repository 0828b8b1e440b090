// A client of the bench: calls an API over one connection each, and drops what comes.
import { once } from 'node:events'
import { request, type ClientRequest, type IncomingMessage } from 'node:http'

/** One call, by port and path. */
export interface Target {
  readonly port: number
  readonly path: string
}

/** Uploads `pieces` as one file of a form, and gives the body of the answer. @throws when the answer is no success */
export async function upload(target: Target, pieces: Iterable<Uint8Array>): Promise<string> {
  const call = open(target, { 'Content-Type': 'multipart/form-data; boundary=bench' })
  const answered = once(call, 'response')
  call.write('--bench\r\nContent-Disposition: form-data; name="file"; filename="bench"\r\n\r\n')
  for (const piece of pieces) if (!call.write(piece)) await once(call, 'drain')
  call.end('\r\n--bench--\r\n')
  const [response] = (await answered) as [IncomingMessage]
  return textOf(response)
}

/** Calls, and counts the bytes of the answer. @throws when the answer is no success */
export async function download(target: Target): Promise<number> {
  const response = await answerOf(target)
  let bytes = 0
  for await (const piece of response) bytes += (piece as Uint8Array).length
  if (response.statusCode !== 200) throw new Error(`${target.path} is answered with ${response.statusCode}`)
  return bytes
}

/** Calls, and goes away at the first bytes of the answer, or after `ms`. */
export async function abandon(target: Target, ms: number): Promise<void> {
  const call = open(target).end()
  const timer = setTimeout(() => call.destroy(), ms)
  call.once('response', (response) => response.on('error', () => undefined).once('data', () => call.destroy()))
  await closed(call)
  clearTimeout(timer)
}

/** Begins to upload `bytes`, and goes away before the end. */
export async function abandonUpload(target: Target, bytes: Uint8Array): Promise<void> {
  const call = open(target, { 'Content-Type': 'multipart/form-data; boundary=bench' })
  call.write('--bench\r\nContent-Disposition: form-data; name="file"; filename="bench"\r\n\r\n')
  call.write(bytes, () => call.destroy())
  await closed(call)
}

function open({ port, path }: Target, headers: Readonly<Record<string, string>> = {}): ClientRequest {
  const call = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent: false })
  return call.on('error', () => undefined)
}

/** Resolves when `call` is over, however that came. */
function closed(call: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    call.once('close', resolve)
  })
}

async function answerOf(target: Target): Promise<IncomingMessage> {
  const [response] = (await once(open(target).end(), 'response')) as [IncomingMessage]
  return response
}

async function textOf(response: IncomingMessage): Promise<string> {
  const text = (await response.setEncoding('utf8').toArray()).join('')
  if (response.statusCode !== 200) throw new Error(`answered with ${response.statusCode}: ${text}`)
  return text
}

// Calls whose clients go away leave nothing behind: no memory, no connection, no timer, no hold on blocks.
import { once } from 'node:events'
import { connect } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { fileForm, form, openRpc, type OpenRpc } from './open-rpc.ts'

/** As many as count in `npm test`, where the heap is read between rounds; `npm run test:slow` makes 10,000. */
const CALLS = process.env['CAIRN_SLOW'] === '1' ? 10_000 : 1200
const AT_ONCE = 16

/** Bytes that a call may leave on average: what leaked once were 2,700. Of a round of few calls the noise is the most. */
const LEFT_BYTES_MAX = process.env['CAIRN_SLOW'] === '1' ? 100 : 700

const MISSING = 'bafkreidon73zkcrwdb5iafqtijxildoonbwnpv7dyd6ef3qdgads2jc4su'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes in use when all that can go has gone. */
async function heapBytes(): Promise<number> {
  for (let round = 0; round < 5; round++) {
    collectGarbage()
    await new Promise((resolve) => {
      setTimeout(resolve, 20)
    })
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Sends `head` and what follows, and goes away `when` something comes, or after some milliseconds. */
async function abandon({ port }: OpenRpc, text: string, when: 'data' | number): Promise<void> {
  const client = connect({ host: '127.0.0.1', port }).on('error', () => undefined)
  const closed = once(client, 'close')
  client.write(text)
  if (when === 'data') client.once('data', () => client.destroy())
  else setTimeout(() => client.destroy(), when)
  await closed
}

test('neither calls that stream, nor calls that wait, nor uploads leave anything', { timeout: 600_000 }, async () => {
  const rpc = await openRpc({ online: true })
  const [{ Hash: root } = { Hash: '' }] = (await rpc.post('add', fileForm('x'.repeat(3_000_000)))).values as {
    readonly Hash: string
  }[]
  const blocks = (await rpc.node.store.stat()).blocks
  const head = (path: string) => `POST /api/v0/${path} HTTP/1.1\r\nHost: localhost\r\n`
  const { headers, body } = form([{ filename: 'f', content: 'y'.repeat(40_000) }], '')
  const upload = `${head('add')}Content-Type: ${headers['Content-Type']}\r\nContent-Length: 900000\r\n\r\n${body}`
  const kinds = [
    () => abandon(rpc, `${head(`cat?arg=${root}`)}\r\n`, 'data'),
    () => abandon(rpc, `${head(`cat?arg=${MISSING}`)}\r\n`, 3),
    () => abandon(rpc, upload, 3),
    () => abandon(rpc, head('add'), 1),
  ]
  const run = async (count: number): Promise<void> => {
    let next = 0
    const worker = async (): Promise<void> => {
      while (next < count) await kinds[next++ % kinds.length]?.()
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    await expect.poll(() => rpc.node.swarm?.bitswap.stats().wantlist).toEqual([])
  }
  await run(CALLS / 2) // fills what is kept for good: code, pools
  const before = await heapBytes()
  const handles = process.getActiveResourcesInfo().length
  await run(CALLS)
  expect(((await heapBytes()) - before) / CALLS).toBeLessThan(LEFT_BYTES_MAX)
  await expect.poll(() => process.getActiveResourcesInfo().length).toBeLessThanOrEqual(handles + 2)
  // What was begun is held by nobody, so a collection takes it, and nothing of the root.
  for await (const _ of rpc.node.collect());
  expect((await rpc.node.store.stat()).blocks).toBe(blocks)
})

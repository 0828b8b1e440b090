// Calls that may not fetch, on a node that would.
import { expect, test } from 'vitest'
import { fileForm, form, openRpc } from './open-rpc.ts'

const NOWHERE = 'bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am'

test('offline, what is missing is missing at once, and what is here is served', async () => {
  const { post, node } = await openRpc({ online: true })
  const { values } = await post('add?offline=true&pin=false', fileForm('here'))
  const { Hash } = values.at(-1) as { readonly Hash: string }
  expect((await post(`cat?arg=${Hash}&offline=true`)).text).toBe('here')
  for (const path of ['cat', 'get', 'block/get', 'block/stat', 'dag/get', 'refs', 'pin/add', 'dag/stat', 'ls']) {
    const { status, trailers } = await post(`${path}?arg=${NOWHERE}&offline=true&timeout=5s`)
    const message = trailers['x-stream-error'] ?? ''
    expect({ path, isLate: message.includes('deadline') }).toEqual({ path, isLate: false })
    expect(status === 500 || message !== '').toBe(true)
  }
  expect(node.swarm?.bitswap.stats().wantlist).toEqual([])
  expect((await post(`pin/update?arg=${Hash}&arg=${NOWHERE}&offline=true`)).status).toBe(500)
  const link = `{"link":{"/":"${NOWHERE}"}}`
  expect((await post('dag/put?pin=true&offline=true', form([{ content: link }]))).status).toBe(500)
  expect((await post('swarm/peers?offline=true')).status).toBe(500)
  expect((await post('swarm/peers')).status).toBe(200)
})

test('online, the same call waits for peers', async () => {
  const { post } = await openRpc({ online: true })
  const { values } = await post(`cat?arg=${NOWHERE}&timeout=100ms`)
  expect(values).toMatchObject([{ Message: expect.stringContaining('deadline') }])
})

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

test('offline, mutable files are looked at and changed as far as they are here', async () => {
  const { post, node } = await openRpc({ online: true })
  expect((await post('files/ls?offline=true')).values).toEqual([{ Entries: null }])
  await post('files/write?arg=/dir/a&create=true&parents=true&offline=true', fileForm('here'))
  expect((await post('files/read?arg=/dir/a&offline=true')).text).toBe('here')
  const { cid } = await (await node.files()).find('/dir/a')
  await node.store.deleteMany([cid])
  const calls = ['files/read?arg=/dir/a', 'files/stat?arg=/dir/a', `files/cp?arg=/ipfs/${NOWHERE}&arg=/b`]
  for (const call of [...calls, 'files/chmod?arg=0600&arg=/dir/a']) {
    const { status, text } = await post(`${call}&offline=true&timeout=5s`)
    expect({ call, status, isLate: text.includes('deadline') }).toEqual({ call, status: 500, isLate: false })
  }
  expect(node.swarm?.bitswap.stats().wantlist).toEqual([])
  expect((await post('files/mkdir?arg=/dir/b&offline=true')).status).toBe(200)
  expect((await post('files/ls?arg=/dir&offline=true')).values).toMatchObject([
    { Entries: [{ Name: 'a' }, { Name: 'b' }] },
  ])
  // Online, it is looked for until the time is over.
  expect((await post(`files/cp?arg=/ipfs/${NOWHERE}&arg=/b&timeout=100ms`)).text).toContain('deadline')
})

test('online, the same call waits for peers', async () => {
  const { post } = await openRpc({ online: true })
  const { values } = await post(`cat?arg=${NOWHERE}&timeout=100ms`)
  expect(values).toMatchObject([{ Message: expect.stringContaining(`${NOWHERE}: context deadline exceeded`) }])
  // Nobody was asked for anything.
  const other = await post('stats/bw?poll=true&interval=10s&timeout=100ms')
  expect(other.trailers['x-stream-error']).toBe('Cannot finish in time: context deadline exceeded')
})

// Options and fields of Kubo's RPC one by one, where they do more than choose what is shown.
import { expect, test } from 'vitest'
import { fileForm, form, openRpc } from './open-rpc.ts'

test('lengths are told where they are known', async () => {
  const { post } = await openRpc()
  const content = Buffer.alloc(3 << 20, 7)
  const { values } = await post('add?chunker=size-1048576', fileForm(content.toString('latin1')))
  const { Hash } = values.at(-1) as { readonly Hash: string }
  const small = (await post('add', fileForm('hello'))).values.at(-1) as { readonly Hash: string }
  await post(`files/cp?arg=/ipfs/${small.Hash}&arg=/f`)
  const lengthOf = async (call: string) => {
    const { headers, bytes } = await post(call)
    expect(headers['x-content-length']).toBe(String(bytes.length))
    return bytes.length
  }
  expect(await lengthOf(`cat?arg=${Hash}`)).toBe(3 << 20)
  expect(await lengthOf(`cat?arg=${Hash}&offset=10&length=100`)).toBe(100)
  expect(await lengthOf(`cat?arg=${Hash}&offset=${(3 << 20) - 4}&length=100`)).toBe(4)
  expect(await lengthOf(`cat?arg=${small.Hash}&arg=${Hash}&offset=2`)).toBe((3 << 20) + 3)
  expect(await lengthOf(`cat?arg=${Hash}&offset=${4 << 20}`)).toBe(0)
  expect(await lengthOf(`block/get?arg=${small.Hash}`)).toBe(5)
  expect(await lengthOf('files/read?arg=/f&offset=1&count=2')).toBe(2)
})

test('the empty folder is always there, for those who ask for it to see whether the node is', async () => {
  const { post } = await openRpc({ online: true })
  const empty = 'QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn'
  const { status, text } = await post(`refs?arg=${empty}&timeout=5s`)
  expect([status, text]).toEqual([200, ''])
  expect((await post(`files/cp?arg=/ipfs/${empty}&arg=/new&offline=true`)).status).toBe(200)
})

test('ls has permissions and times as Go writes them', async () => {
  const { post } = await openRpc()
  const disposition = (name: string, query: string) => ({
    name: `${name}?${query}`,
    filename: name === 'dir' ? 'top' : 'top/a',
  })
  const parts = form([
    { ...disposition('dir', 'mode=0755&mtime=1700000000'), type: 'application/x-directory' },
    { ...disposition('file', 'mode=04640&mtime=1700000000&mtime-nsecs=500000000'), content: 'x' },
  ])
  const { values } = await post('add?wrap-with-directory=true&preserve-mode=true&preserve-mtime=true', parts)
  const { Hash } = values.at(-1) as { readonly Hash: string }
  const links = async (path: string) =>
    ((await post(`ls?arg=${path}`)).values as [{ Objects: [{ Links: unknown[] }] }])[0].Objects[0].Links
  expect(await links(Hash)).toMatchObject([
    { Name: 'top', Type: 1, Mode: 2 ** 31 + 0o755, ModTime: '2023-11-14T22:13:20Z' },
  ])
  expect(await links(`${Hash}/top`)).toMatchObject([
    { Name: 'a', Type: 2, Mode: 2 ** 23 + 0o640, ModTime: '2023-11-14T22:13:20.5Z' },
  ])
  const { text } = await post(`ls?arg=${Hash}/top&long=true&headers=true&encoding=text`)
  expect(text).toMatch(/^Mode Hash Size ModTime Name\n-rw-r----- \w+ 1 2023-11-14T22:13:20.5Z a\n$/)
  const streamed = await post(`ls?arg=${Hash}&arg=${Hash}/top&stream=true`)
  expect(streamed.values).toMatchObject([
    { Objects: [{ Links: [{ Name: 'top' }] }] },
    { Objects: [{ Links: [{ Name: 'a' }] }] },
  ])
})

test('id is of this node or of a peer, in the form that is asked for', async () => {
  const [one, two] = [await openRpc({ online: true }), await openRpc({ online: true })]
  const [self] = (await one.post('id')).values as [{ readonly ID: string; readonly Addresses: readonly string[] }]
  expect((await one.post(`id?arg=${self.ID}`)).values).toEqual([self])
  expect((await one.post('id?peerid-base=base36')).values).toMatchObject([{ ID: expect.stringMatching(/^k51/) }])
  expect((await one.post('id?format=%3Cid%3E%5Cn&encoding=text')).text).toBe(`${self.ID}\n\n`)
  expect((await two.post(`id?arg=${self.ID}&timeout=5s`)).status).toBe(500)
  await two.post(`swarm/connect?arg=${self.Addresses[0]}`)
  const seen = (await two.post(`id?arg=${self.ID}`)).values
  expect(seen).toMatchObject([{ ID: self.ID, AgentVersion: expect.any(String) }])
  expect((await two.post('id?arg=nobody')).status).toBe(500)
})

test('bandwidth is of all or of one peer, once or again and again', async () => {
  const [one, two] = [await openRpc({ online: true }), await openRpc({ online: true })]
  const [{ ID, Addresses }] = (await one.post('id')).values as [{ ID: string; Addresses: string[] }]
  await two.post(`swarm/connect?arg=${Addresses[0]}`)
  const { values } = await one.post('add', fileForm('content'))
  const { Hash } = values.at(-1) as { readonly Hash: string }
  expect((await two.post(`cat?arg=${Hash}`)).text).toBe('content')
  expect((await two.post(`stats/bw?peer=${ID}`)).values).toEqual([{ TotalIn: 7, TotalOut: 0, RateIn: 0, RateOut: 0 }])
  expect((await two.post('stats/bw?proto=/ipfs/kad/1.0.0')).status).toBe(500)
  const polled = await two.post('stats/bw?poll=true&interval=100ms&timeout=2s')
  expect(polled.headers['x-chunked-output']).toBe('1')
  expect(polled.values.length).toBeGreaterThan(1)
})

test('repo verify tells messages and progress', async () => {
  const { post } = await openRpc()
  await post('add', fileForm('content'))
  const { values } = await post('repo/verify?progress=true')
  for (const value of values) expect(value).toEqual({ Msg: expect.any(String), Progress: expect.any(Number) })
  expect(values.at(-1)).toEqual({ Msg: 'verify complete, all blocks validated.', Progress: 0 })
})

test('a pinned block is refused as a result', async () => {
  const { post } = await openRpc()
  const { values } = await post('add', fileForm('content', 'top/a'))
  const [leaf, top] = (values as readonly { readonly Hash: string }[]).map(({ Hash }) => Hash)
  const removed = await post(`block/rm?arg=${top}&arg=${leaf}`)
  expect([removed.status, removed.trailers]).toEqual([200, {}])
  expect(removed.values).toEqual([
    { Hash: top, Error: 'pinned: recursive' },
    { Hash: leaf, Error: `pinned via ${top}` },
  ])
})

test('add names pins, is silent, and refuses what there is not', async () => {
  const { post } = await openRpc()
  expect((await post('add?pin-name=work&silent=true', fileForm('a'))).text).toBe('')
  expect((await post('pin/ls?name=work')).values).toMatchObject([{ Keys: expect.any(Object) }])
  expect((await post('add?nocopy=true', fileForm('a'))).status).toBe(500)
  expect((await post('add?fscache=false', fileForm('a'))).status).toBe(200)
  expect((await post('block/put?mhlen=32', fileForm('a'))).status).toBe(200)
  expect((await post('block/put?mhlen=20', fileForm('a'))).status).toBe(500)
})

test.for([
  'dns',
  'name/resolve',
  'name/publish',
  'routing/findprovs',
  'pubsub/ls',
  'pin/remote/ls',
  'p2p/ls',
  'provide/stat',
])('%s is not supported and says so', async (path) => {
  const { post } = await openRpc({ withUnbuilt: true })
  const { status, values } = await post(`${path}?arg=x`)
  expect([status, values]).toEqual([
    500,
    [{ Message: expect.stringContaining('does not support'), Code: 0, Type: 'error' }],
  ])
  expect((await post('commands')).text).not.toContain(`"Name":"${path.split('/')[0]}"`.replace('"pin"', '"remote"'))
})

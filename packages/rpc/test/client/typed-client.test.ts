// The typed client on a real server: what the compiler knows, and that it is so.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, expectTypeOf, test } from 'vitest'
import { openClient, sourceFile, sourceFolder, type CairnClient } from '../../src/index.ts'
import { openRpc } from '../http/open-rpc.ts'

async function openPair() {
  const rpc = await openRpc()
  const client: CairnClient = openClient(`/ip4/127.0.0.1/tcp/${rpc.port}`)
  return { ...rpc, client }
}

const TREE = sourceFolder('top', [
  sourceFile('a', 'hello'),
  sourceFolder('sub', [
    sourceFile('b', async function* () {
      yield Buffer.from('wor')
      yield Buffer.from('ld')
    }),
  ]),
])

test('a tree goes in, and comes out as bytes and as a tree', async () => {
  using client = (await openPair()).client
  const names: string[] = []
  let root = ''
  for await (const event of client.call('add', { sources: [TREE], options: { pin: false } })) {
    if ('Bytes' in event) {
      expectTypeOf(event.Bytes).toEqualTypeOf<number>()
      continue
    }
    names.push(event.Name)
    root = event.Hash
  }
  expect(names).toEqual(['top/a', 'top/sub/b', 'top/sub', 'top'])
  const pieces = await Array.fromAsync(client.call('cat', { args: [`${root}/sub/b`] }))
  expectTypeOf(pieces).toEqualTypeOf<Uint8Array[]>()
  expect(Buffer.concat(pieces).toString()).toBe('world')
  const kinds = (await Array.fromAsync(client.call('get', { args: [root] }))).map(({ kind }) => kind)
  expect(new Set(kinds)).toEqual(new Set(['directory', 'file', 'bytes']))
  expect(await client.last('block stat', { args: [root] })).toEqual({ Key: root, Size: expect.any(Number) })
  expect(await client.last('pin ls')).toBeUndefined()
})

test('the compiler refuses what a command does not take', async () => {
  using client = (await openPair()).client
  // Checked by the compiler alone: none of them is iterated, so none of them goes out.
  // @ts-expect-error -- there is no such command
  void client.call('nonsense')
  // @ts-expect-error -- it has an argument
  void client.call('cat')
  // @ts-expect-error -- its option is a number
  void client.call('cat', { args: ['x'], options: { offset: '1' } })
  // @ts-expect-error -- it has no such option
  void client.call('pin ls', { options: { nonsense: true } })
  // @ts-expect-error -- what is about the disk of the caller is not for a node
  void client.call('add', { sources: [], options: { hidden: true } })
  // @ts-expect-error -- it has a source
  void client.call('add')
  // @ts-expect-error -- private keys stay where they are
  void client.call('key export', { args: ['self'] })
  expectTypeOf(client.call('pin ls')).toMatchTypeOf<AsyncGenerator<{ Cid: string; Type: string; Name?: string }>>()
  const id = await client.last('id')
  expectTypeOf(id).toMatchTypeOf<{ ID: string } | undefined>()
  expect(id?.ID).toMatch(/^12D3/)
})

test('a failure has the code of the command', async () => {
  using client = (await openPair()).client
  await expect(client.last('cat', { args: ['nonsense'] })).rejects.toMatchObject({ code: 'INVALID' })
  await expect(client.last('swarm peers')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await expect(client.last('key rm', { args: ['nobody'] })).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('whoever ends early, or aborts, ends the work at the node', async () => {
  const { client, close } = await openPair()
  let taken = 0
  async function* endless() {
    for (;;) {
      taken++
      yield Buffer.alloc(1 << 16, taken)
    }
  }
  const stop = new AbortController()
  const adding = client.last('add', { sources: [sourceFile('endless', endless())], signal: stop.signal })
  await expect.poll(() => taken).toBeGreaterThan(100)
  stop.abort(new Error('enough'))
  await expect(adding).rejects.toThrow('enough')
  const before = taken
  await sleep(50)
  expect(taken).toBe(before)
  for await (const event of client.call('add', { sources: [sourceFile('endless', endless())] })) {
    expect(event.Name).toBe('endless')
    break
  }
  client.close()
  // It would wait for calls under way.
  await close()
})

test('what nobody takes is not sent: a reader that stops holds the node back', async () => {
  const { client, node } = await openPair()
  const size = 128 << 20
  const block = Buffer.alloc(1 << 20, 7)
  async function* large() {
    for (let sent = 0; sent < size; sent += block.length) yield block
  }
  const added = await client.last('add', { sources: [sourceFile('large', large())] })
  const cid = added !== undefined && 'Hash' in added ? added.Hash : ''
  const found: number[] = []
  const leave = node.observe(({ kind, ...event }) => void (kind === 'found' && 'bytes' in event && found.push(1)))
  const reading = client.call('cat', { args: [cid] })
  await reading.next()
  await sleep(200)
  // The sockets hold some MiB, of 128.
  expect(found.length).toBeLessThan(100)
  let bytes = 0
  for await (const piece of reading) bytes += piece.length
  expect(bytes).toBeGreaterThan(size - (2 << 20))
  leave()
  client.close()
})

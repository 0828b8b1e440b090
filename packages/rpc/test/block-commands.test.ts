// block put and rm as Kubo's RPC has it: what is not there is a result, and the others go all the same.
import { expect, test } from 'vitest'
import { openRunner, sourcesOf } from './command-runner.ts'

test('a block that is not there does not keep the others', async () => {
  const { answer, run, node } = await openRunner()
  const keys: string[] = []
  for (const text of ['one', 'two']) {
    const [event] = await run('block put', { sources: sourcesOf(text) })
    keys.push((event as { readonly Key: string }).Key)
  }
  const [one = '', two = ''] = keys
  await run('block rm', { args: [one] })
  expect(await answer('block rm', { args: [one, two] })).toEqual([
    { Hash: one, Error: expect.stringMatching(/./) },
    { Hash: two },
  ])
  expect(await answer('block rm', { args: [one], options: { force: true } })).toEqual([{ Hash: one }])
  expect(await node.store.stat()).toMatchObject({ blocks: 0 })
})

test.for([
  ['raw', 'bafkrei'],
  ['cbor', 'bafyrei'],
  ['protobuf', 'bafybei'],
  ['v0', 'Qm'],
] as const)('a block of format %s begins with %s', async ([format, begin]) => {
  const { run } = await openRunner()
  const [event] = await run('block put', { sources: sourcesOf(''), options: { format } })
  expect((event as { readonly Key: string }).Key.startsWith(begin)).toBe(true)
})

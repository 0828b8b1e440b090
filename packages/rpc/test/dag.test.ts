// cairn dag put, get, resolve and stat on a real node that is offline.
import { join } from 'node:path'
import { createBlock, type NamedSource } from '@cairn/core'
import { createRepo, openNode, readRepo, type Node } from '@cairn/node'
import { expect, onTestFinished, test } from 'vitest'
import { COMMANDS, type CommandInput } from '../src/index.ts'
import { tempFolder } from './temp-folder.ts'

interface Runner {
  readonly node: Node
  put(text: string | Uint8Array, options?: CommandInput['options']): Promise<string>
  get(path: string, codec?: string): Promise<string>
  run(name: string, args: readonly string[]): Promise<unknown[]>
}

async function newRunner(): Promise<Runner> {
  const path = join(await tempFolder(), 'repo')
  await createRepo(path, 'test')
  const node = await openNode(path)
  onTestFinished(() => node.close())
  const run = (name: string, call: Partial<CommandInput>): Promise<unknown[]> => {
    const command = COMMANDS.find((each) => each.path.join(' ') === name)
    if (command === undefined) throw new Error(`there is no command ${name}`)
    const shared = { agentVersion: 'cairn/test', signal: new AbortController().signal }
    const opened = { node: async () => node, reader: async () => node.blocks, repo: () => readRepo(path) }
    const input = { args: [], sources: [], options: {}, ...opened, ...shared }
    return Array.fromAsync<unknown>(command.run({ ...input, ...call }))
  }
  return {
    node,
    put: async (text, options = {}) => {
      const [event] = await run('dag put', { sources: [source(text)], options })
      return (event as { readonly Cid: { readonly '/': string } }).Cid['/']
    },
    get: async (ref, codec) => {
      const options = codec === undefined ? {} : { 'output-codec': codec }
      const pieces = await run('dag get', { args: [ref], options })
      return Buffer.concat(pieces as readonly Uint8Array[]).toString()
    },
    run: (name, args) => run(name, { args, options: { progress: false } }),
  }
}

function source(text: string | Uint8Array): NamedSource {
  const content = async function* () {
    yield Buffer.from(text)
  }
  return { name: 'value', source: { kind: 'file', content } }
}

test('a value goes in and comes out, whole and in parts', async () => {
  const { put, get, run } = await newRunner()
  const cid = await put(' {"link":{"/":"bafkqaaa"}, "a":[1.0, 18446744073709551615]} ')
  expect(cid).toMatch(/^bafyrei/)
  expect(await get(cid)).toBe('{"a":[1.0,18446744073709551615],"link":{"/":"bafkqaaa"}}')
  expect(await get(`${cid}/a/0`)).toBe('1.0')
  expect(await get(`${cid}/a`, 'json')).toBe('[\n\t1.0,\n\t18446744073709551615\n]\n')
  expect(await run('dag resolve', [`${cid}/a/1`])).toEqual([{ Cid: { '/': cid }, RemPath: 'a/1' }])
  expect(await run('dag resolve', [`${cid}/link`])).toEqual([{ Cid: { '/': 'bafkqaaa' }, RemPath: '' }])
  await expect(get(`${cid}/none`)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(get(cid, 'json')).rejects.toMatchObject({ code: 'INVALID' })
  await expect(get(cid, 'dag-pb')).rejects.toMatchObject({ code: 'INVALID' })
})

test('codecs of input and block are chosen, and strange bytes are refused', async () => {
  const { node, put, get } = await newRunner()
  expect(await put('{"Data":{"/":{"bytes":"CAE"}},"Links":[]}', { 'store-codec': 'dag-pb' })).toBe(
    'bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354',
  )
  expect(await put('x', { 'input-codec': 'raw', 'store-codec': 'raw', hash: 'blake3' })).toMatch(/^bafkr4i/)
  expect(await put('{"/":1}', { 'store-codec': 'dag-json' })).toMatch(/^baguqeera/)
  const unsorted = Buffer.from('a2616201616102', 'hex')
  await expect(put(unsorted, { 'input-codec': 'dag-cbor' })).rejects.toMatchObject({ code: 'INVALID' })
  expect(await put(unsorted, { 'input-codec': 'cbor' })).toBe(await put('{"a":2,"b":1}'))
  await expect(put('['.repeat(100_000))).rejects.toMatchObject({ code: 'LIMIT' })
  await expect(put('nonsense')).rejects.toMatchObject({ code: 'INVALID' })
  // What others stored otherwise is read, and given in its own codec as it is.
  const foreign = createBlock(unsorted, { codec: 0x71 })
  await node.blocks.putMany([foreign])
  expect(await get(`${foreign.cid}`)).toBe('{"a":2,"b":1}')
  expect(await get(`${foreign.cid}`, 'dag-cbor')).toBe(unsorted.toString())
})

test('a pin keeps what the block links to, and fails when that is not here', async () => {
  const { node, put } = await newRunner()
  const leaf = await put('1')
  const top = await put(`[{"/":"${leaf}"}]`, { pin: true })
  expect((await Array.fromAsync(node.pins.list())).map(({ cid, type }) => [`${cid}`, type])).toEqual([
    [top, 'recursive'],
  ])
  const missing = `[{"/":"bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua"}]`
  await expect(put(missing, { pin: true })).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('stat counts each block once, and what DAGs share', async () => {
  const { put, run } = await newRunner()
  const leaf = await put('"leaf"')
  const one = await put(`[{"/":"${leaf}"},{"/":"${leaf}"}]`)
  const two = await put(`{"x":{"/":"${leaf}"}}`)
  const [sizeLeaf, sizeOne, sizeTwo] = [5, 1 + 2 * 41, 1 + 2 + 41]
  expect(await run('dag stat', [one, `${two}/x`, two])).toEqual([
    {
      UniqueBlocks: 3,
      TotalSize: sizeLeaf + sizeOne + sizeTwo,
      SharedSize: 2 * sizeLeaf,
      Ratio: (3 * sizeLeaf + sizeOne + sizeTwo) / (sizeLeaf + sizeOne + sizeTwo),
      DagStats: [
        { Cid: one, Size: sizeOne + sizeLeaf, NumBlocks: 2 },
        { Cid: leaf, Size: sizeLeaf, NumBlocks: 1 },
        { Cid: two, Size: sizeTwo + sizeLeaf, NumBlocks: 2 },
      ],
    },
  ])
})

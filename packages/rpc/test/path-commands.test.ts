// refs and resolve: what paths lead to, and what is below. The DAG has the same file twice, and once more deeper down.
import { expect, test } from 'vitest'
import type { ImportSource } from '@cairn/core'
import { fileSource, openRunner, type CommandRunner } from './command-runner.ts'

const folder = (entries: Readonly<Record<string, ImportSource>>): ImportSource => ({
  kind: 'directory',
  async *entries() {
    for (const [name, source] of Object.entries(entries)) yield { name, source }
  },
})

const SOURCE = folder({
  a: fileSource('x'),
  b: fileSource('x'),
  sub: folder({ deep: fileSource('x'), y: fileSource('y') }),
})

async function openTree(): Promise<
  CommandRunner & { readonly root: string; refs(options?: object): Promise<string[]> }
> {
  const runner = await openRunner()
  const added = await runner.run('add', { sources: [{ name: 'tree', source: SOURCE }] })
  const { Hash: root } = added.at(-1) as { readonly Hash: string }
  const refs = async (options: object = {}): Promise<string[]> => {
    const events = (await runner.run('refs', { args: [root], options: { ...options } })) as { Ref: string; Err: '' }[]
    expect(events.every(({ Err }) => Err === '')).toBe(true)
    return events.map(({ Ref }) => Ref)
  }
  return { ...runner, root, refs }
}

test('refs lists links as they stand there, and all below in depth first', async () => {
  const { refs } = await openTree()
  const names = (options: object) => refs({ format: '<linkname>', ...options })
  expect(await names({})).toEqual(['a', 'b', 'sub'])
  expect(await names({ recursive: true })).toEqual(['a', 'b', 'sub', 'deep', 'y'])
  expect(await names({ recursive: true, unique: true })).toEqual(['a', 'sub', 'y'])
  expect(await names({ recursive: true, 'max-depth': '1' })).toEqual(['a', 'b', 'sub'])
  expect(await names({ recursive: true, 'max-depth': '0' })).toEqual([])
  expect(await names({ recursive: true, 'max-depth': '2', unique: true })).toEqual(['a', 'sub', 'y'])
})

test('refs prints each CID once, or both ends of each link', async () => {
  const { refs, root } = await openTree()
  const all = await refs({ recursive: true })
  expect(all).toHaveLength(5)
  expect((await refs({ recursive: true, unique: true })).toSorted()).toEqual([...new Set(all)].toSorted())
  const [x, , sub] = all
  expect(await refs({ edges: true })).toEqual([`${root} -> ${x}`, `${root} -> ${x}`, `${root} -> ${sub}`])
  expect(await refs({ format: '<src>:<dst>:<linkname>' })).toContain(`${root}:${sub}:sub`)
})

test('refs of several roots lists what they share once', async () => {
  const { run, root } = await openTree()
  const once = await run('refs', { args: [root, root], options: { recursive: true, unique: true } })
  expect(once).toHaveLength(3)
  await expect(run('refs', { args: [root], options: { 'max-depth': 'deep', recursive: true } })).rejects.toMatchObject({
    code: 'INVALID',
  })
})

test('repo ls is refs local', async () => {
  const { run } = await openTree()
  expect(await run('repo ls')).toEqual(await run('refs local'))
})

test('resolve gives the CID, and what is left below it', async () => {
  const { answer, root, refs } = await openTree()
  const [x] = await refs()
  expect(await answer('resolve', { args: [`/ipfs/${root}/sub/deep`] })).toEqual({ Path: `/ipfs/${x}` })
  expect(await answer('resolve', { args: [`/ipld/${root}/Links/0/Name`] })).toEqual({
    Path: `/ipld/${root}/Links/0/Name`,
  })
  await expect(answer('resolve', { args: ['/ipns/example.invalid'] })).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  await expect(answer('resolve', { args: [`/ipfs/${root}/none`] })).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

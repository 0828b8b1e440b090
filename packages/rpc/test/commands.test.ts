// The table as a whole, and the commands on a real node that is offline. How they look on a terminal is tested in test/e2e.
import { join } from 'node:path'
import { parseCid, type ImportSource, type NamedSource } from '@cairn/core'
import { createRepo, openNode, readRepo, type Node } from '@cairn/node'
import { describe, expect, onTestFinished, test } from 'vitest'
import { COMMANDS, type Command, type CommandInput } from '../src/index.ts'
import { firstArgument } from '../src/command.ts'
import { tempFolder } from './temp-folder.ts'

/** What a command is called with; the rest is empty. */
type Call = Partial<Pick<CommandInput, 'args' | 'sources' | 'options' | 'signal'>>

/** Runs commands on a new node, closed with the test. */
async function newRunner(): Promise<{
  readonly node: Node
  inputOf(call?: Call): CommandInput
  run(name: string, call?: Call): Promise<unknown[]>
  /** What people see of the events. */
  textsOf(name: string, call?: Call): Promise<(string | undefined)[]>
}> {
  const path = join(await tempFolder(), 'repo')
  await createRepo(path, 'test')
  const node = await openNode(path)
  onTestFinished(() => node.close())
  const shared = {
    node: () => Promise.resolve(node),
    reader: () => Promise.resolve(node.blocks),
    repo: () => readRepo(path),
    agentVersion: 'cairn/test',
    signal: new AbortController().signal,
  }
  const inputOf = (call: Call = {}): CommandInput => ({ args: [], sources: [], options: {}, ...shared, ...call })
  const run = (name: string, call?: Call) => Array.fromAsync<unknown>(commandAt(name).run(inputOf(call)))
  async function textsOf(name: string, call?: Call) {
    const command = commandAt(name)
    if (command.output !== 'events') throw new Error(`${name} has no events`)
    return (await run(name, call)).map((event) => command.text(event, call?.options ?? {}))
  }
  return { node, inputOf, run, textsOf }
}

function commandAt(name: string): Command {
  const command = COMMANDS.find(({ path }) => path.join(' ') === name)
  if (command === undefined) throw new Error(`there is no command ${name}`)
  return command
}

const file = (text: string): ImportSource => ({
  kind: 'file',
  async *content() {
    yield Buffer.from(text)
  },
})

const folder = (entries: Readonly<Record<string, ImportSource>>): ImportSource => ({
  kind: 'directory',
  async *entries() {
    for (const [name, source] of Object.entries(entries)) yield { name, source }
  },
})

const TREE: NamedSource = { name: 'tree', source: folder({ a: file('one'), sub: folder({ b: file('two') }) }) }

/** CID of the root after an import with these options, which stores nothing. */
async function hashWith(options: CommandInput['options']): Promise<unknown> {
  const { run } = await newRunner()
  const sources = [{ name: 'f', source: file('hello') }]
  const events = await run('add', { sources, options: { ...options, 'only-hash': true } })
  return (events.at(-1) as { readonly Hash: string }).Hash
}

describe('the table', () => {
  test('has each command once, with examples that call it', () => {
    const names = COMMANDS.map(({ path }) => path.join(' '))
    expect(new Set(names).size).toBe(names.length)
    for (const { path, examples } of COMMANDS) {
      expect(examples.length).toBeGreaterThan(0)
      expect(examples.every((example) => example.includes(`cairn ${path.join(' ')}`))).toBe(true)
    }
  })

  test('has options with names in kebab-case and letters that are used once', () => {
    for (const { options } of COMMANDS) {
      const letters = Object.values(options).flatMap(({ short }) => short ?? [])
      expect(new Set(letters).size).toBe(letters.length)
      for (const name of Object.keys(options)) expect(name).toMatch(/^(?!no-)[a-z]+(-[a-z]+)*$/)
    }
  })

  test('has optional and repeated arguments only at the end', () => {
    for (const { arguments: all } of COMMANDS) {
      const isOptional = all.map(({ optional = false }) => optional !== false)
      expect(isOptional.toSorted((a, b) => Number(a) - Number(b))).toEqual(isOptional)
      for (const { repeat = false } of all.slice(0, -1)) expect(repeat).toBe(false)
    }
  })
})

test('a command that lacks its argument is a mistake of the caller', () => {
  expect(() => firstArgument({ args: [] })).toThrow(TypeError)
})

describe('add', () => {
  test.for([
    [{}, 'bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq'],
    [{ profile: 'unixfs-v0-2015' }, 'QmWfVY9y3xjsixTgbd9AorQxH7VtMpzfx2HaWtsoUYecaX'],
    [{ 'cid-version': 0 }, 'QmWfVY9y3xjsixTgbd9AorQxH7VtMpzfx2HaWtsoUYecaX'],
    [{ profile: 'unixfs-v0-2015', 'cid-version': 1 }, 'bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq'],
    [{ 'cid-version': 0, 'raw-leaves': true }, 'bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq'],
  ] as const)('%j gives %s', async ([options, cid]) => {
    expect(await hashWith(options)).toBe(cid)
  })

  test('another hash brings CID version 1 along, and refuses version 0', async () => {
    expect(await hashWith({ profile: 'unixfs-v0-2015', hash: 'blake3' })).toMatch(/^bafkr4i/)
    await expect(hashWith({ 'cid-version': 0, hash: 'blake3' })).rejects.toMatchObject({ code: 'INVALID' })
  })

  test('pins each root, and with only-hash stores nothing', async () => {
    const { node, run } = await newRunner()
    const sources = [TREE, { name: 'f', source: file('f') }]
    await run('add', { sources, options: { 'only-hash': true } })
    expect(await node.store.stat()).toEqual({ blocks: 0, bytes: 0 })
    await run('add', { sources })
    expect(await run('pin ls', { options: { type: 'recursive' } })).toHaveLength(2)
  })
})

test('cat, ls and refs follow paths and read what is there', async () => {
  const { run } = await newRunner()
  const [{ Hash: root }] = (await run('add', { sources: [TREE] })).slice(-1) as [{ readonly Hash: string }]
  expect(Buffer.concat((await run('cat', { args: [`${root}/sub/b`, `${root}/a`] })) as Buffer[]).toString()).toBe(
    'twoone',
  )
  expect(await run('ls', { args: [`${root}/sub`] })).toMatchObject([
    { Objects: [{ Links: [{ Name: 'b', Size: 3, Type: 2, Target: '' }] }] },
  ])
  expect(await run('refs', { args: [root] })).toHaveLength(2)
  expect(await run('refs', { args: [root], options: { recursive: true } })).toHaveLength(3)
  expect(await run('get', { args: [`${root}/a`] })).toMatchObject([{ kind: 'file', path: '' }, { kind: 'bytes' }])
  await expect(run('cat', { args: [root] })).rejects.toMatchObject({ code: 'INVALID' })
  await expect(run('cat', { args: [`${root}/c`] })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(run('ls', { args: ['nonsense'] })).rejects.toMatchObject({ code: 'INVALID' })
})

test('ls sorts by name or lists as entries come, with columns and without looking into entries', async () => {
  const { run, textsOf } = await newRunner()
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, number) => [`f${number}`, file(`${number}`)]))
  const source = { name: 'top', source: folder({ ...many, sub: folder({}) }) }
  const [{ Hash: root }] = (
    await run('add', { sources: [source], options: { 'hamt-threshold': 1, 'raw-leaves': false } })
  ).slice(-1) as [{ readonly Hash: string }]
  type Listed = { readonly Objects: readonly { readonly Hash: string; readonly Links: readonly { Name: string }[] }[] }
  const names = (events: readonly unknown[]) =>
    (events as Listed[]).flatMap(({ Objects }) => Objects.flatMap(({ Links }) => Links.map(({ Name }) => Name)))
  const sorted = [...Object.keys(many), 'sub'].toSorted()
  expect(names(await run('ls', { args: [root] }))).toEqual(sorted)
  const streamed = names(await run('ls', { args: [root], options: { stream: true } }))
  expect(streamed).not.toEqual(sorted)
  expect(streamed.toSorted()).toEqual(sorted)
  const blind = { size: false, 'resolve-type': false }
  expect((await run('ls', { args: [root], options: blind })).at(0)).toMatchObject({
    Objects: [{ Hash: root, Links: [{ Name: 'f0', Size: 0, Type: 0 }] }],
  })
  const [columns, first] = await textsOf('ls', { args: [root], options: { headers: true } })
  expect(columns).toBe('Hash Size Name')
  expect(first).toMatch(/^bafy\w+ 1 f0$/)
  expect((await textsOf('ls', { args: [root], options: { size: false } })).at(-1)).toMatch(/^\w+ sub\/$/)
  expect(await textsOf('ls', { args: [`${root}/sub`, `${root}/sub`] })).toEqual([`${root}/sub:`, `${root}/sub:`])
  await expect(run('ls', { args: [`${root}/f0/x`] })).rejects.toMatchObject({ code: 'INVALID' })
})

test('deleting is refused, before anything is deleted, when one of the blocks is pinned', async () => {
  const { node, run } = await newRunner()
  const [{ Hash: root }] = (await run('add', { sources: [TREE] })).slice(-1) as [{ readonly Hash: string }]
  const loose = await run('block put', { sources: [{ name: 'x', source: file('x') }] })
  const [{ Key }] = loose as [{ readonly Key: string }]
  const leaf = (await run('refs', { args: [root] })) as { readonly Ref: string }[]
  for (const pinned of [root, leaf[0]?.Ref ?? '']) {
    await expect(run('block rm', { args: [Key, pinned] })).rejects.toMatchObject({ code: 'CONFLICT' })
  }
  const { blocks } = await node.store.stat()
  expect(await run('block rm', { args: [Key] })).toEqual([{ Hash: Key }])
  expect((await node.store.stat()).blocks).toBe(blocks - 1)
  await expect(run('block rm', { args: [Key] })).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('pin rm takes recursive pins unless told otherwise', async () => {
  const { run } = await newRunner()
  const [{ Hash: root }] = (await run('add', { sources: [TREE] })).slice(-1) as [{ readonly Hash: string }]
  const direct = { options: { recursive: false } }
  await expect(run('pin rm', { args: [root], ...direct })).rejects.toMatchObject({ code: 'CONFLICT' })
  await expect(run('pin add', { args: [root], ...direct })).rejects.toMatchObject({ code: 'CONFLICT' })
  expect(await run('pin rm', { args: [root] })).toEqual([{ Pins: [root] }])
  expect((await run('pin add', { args: [root], ...direct })).at(-1)).toEqual({ Pins: [root] })
  expect(await run('pin ls')).toEqual([{ Cid: root, Type: 'direct' }])
  await expect(run('pin ls', { args: [root], options: { type: 'recursive' } })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  })
})

test('pins have names, and are listed by them as in Kubo', async () => {
  const { run } = await newRunner()
  const [{ Hash: root }] = (await run('add', { sources: [TREE] })).slice(-1) as [{ readonly Hash: string }]
  for (const name of ['first name', 'second']) await run('pin add', { args: [root], options: { name } })
  const pin = { Cid: root, Type: 'recursive' }
  expect(await run('pin ls', { options: { type: 'recursive' } })).toEqual([pin])
  const named = [
    { ...pin, Name: 'first name' },
    { ...pin, Name: 'second' },
  ]
  expect(await run('pin ls', { options: { type: 'recursive', names: true } })).toEqual([pin, ...named])
  expect(await run('pin ls', { args: [root], options: { names: true } })).toEqual([pin, ...named])
  expect(await run('pin ls', { options: { name: 'first' } })).toEqual(named.slice(0, 1))
  expect(await run('pin ls', { options: { name: 'third' } })).toEqual([])
  await expect(run('pin ls', { args: [root], options: { name: 'third' } })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await run('pin rm', { args: [root], options: { name: 'second' } })
  expect(await run('pin ls', { options: { name: 'second' } })).toEqual([])
  const events = await run('pin ls', { args: [`${root}/a`, `${root}/sub`] })
  expect(events).toMatchObject([{ Type: `indirect through ${root}` }, { Type: `indirect through ${root}` }])
})

test('pin add works at many paths at once, in their order, adds up its progress, and leaves nothing running', async () => {
  const { run, node } = await newRunner()
  const sources = Array.from({ length: 150 }, (_, index) => ({ name: 'f', source: file(`file ${index}`) }))
  const args = (await run('add', { sources, options: { pin: false } })).flatMap((event) => {
    const { Hash } = event as { readonly Hash?: string }
    return Hash === undefined ? [] : [Hash]
  })
  const events = (await run('pin add', { args })) as { Pins?: string[]; Progress?: number; Bytes?: number }[]
  expect(events.flatMap(({ Pins = [] }) => Pins)).toEqual(args)
  const progress = events.filter(({ Progress }) => Progress !== undefined)
  expect(progress.at(-1)).toEqual({ Progress: 150, Bytes: 10 * 6 + 90 * 7 + 50 * 8 })
  expect(await run('pin add', { args, options: { progress: false } })).toHaveLength(150)
  await run('pin rm', { args })
  const missing = 'bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am'
  await expect(run('pin add', { args: [...args.slice(0, 5), missing, ...args] })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  })
  const left = await Array.fromAsync(node.pins.list())
  expect(left.length).toBeGreaterThanOrEqual(5)
})

test('pin update and pin verify', async () => {
  const { run, node, inputOf } = await newRunner()
  const add = async (source: NamedSource, options = {}) =>
    ((await run('add', { sources: [source], options })).at(-1) as { readonly Hash: string }).Hash
  const old = await add(TREE)
  const next = await add({ name: 'tree', source: folder({ a: file('one'), c: file('three') }) }, { pin: false })
  await run('pin add', { args: [old], options: { name: 'it' } })
  expect((await run('pin update', { args: [old, next] })).at(-1)).toEqual({ Pins: [old, next] })
  expect(await run('pin ls', { options: { name: 'it' } })).toEqual([{ Cid: next, Type: 'recursive', Name: 'it' }])
  await expect(run('pin update', { args: [old, next] })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(await run('pin verify', { options: { verbose: true } })).toEqual([{ Cid: next, Ok: true }])
  expect(await run('pin verify')).toEqual([])
  const [leaf = ''] = ((await run('refs', { args: [next] })) as { readonly Ref: string }[]).map(({ Ref }) => Ref)
  await node.store.deleteMany([parseCid(leaf)])
  const events: unknown[] = []
  const verify = async () => {
    for await (const event of commandAt('pin verify').run(inputOf())) events.push(event)
  }
  await expect(verify()).rejects.toMatchObject({ code: 'CORRUPT' })
  expect(events).toMatchObject([{ Cid: next, Ok: false, BadNodes: [{ Cid: leaf }] }])
})

test('a silent collection tells nothing but how far it is, as JSON too', async () => {
  const { run, node } = await newRunner()
  await run('add', { sources: [TREE], options: { pin: false } })
  const events = await run('repo gc', { options: { silent: true } })
  expect(events.filter((event) => !isProgress(event))).toEqual([])
  expect(await node.store.stat()).toEqual({ blocks: 0, bytes: 0 })
})

function isProgress(event: unknown): boolean {
  return typeof event === 'object' && event !== null && 'Name' in event
}

test('pin verify says nothing bad of a pin that is removed meanwhile, nor of the next one', async () => {
  const { run, node, inputOf } = await newRunner()
  for (const name of ['one', 'two']) {
    const files = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`${index}`, file(`${name} ${index}`)]))
    await run('add', { sources: [{ name, source: folder(files) }] })
  }
  const [broken, whole] = await Array.fromAsync(node.pins.list(), ({ cid }) => cid)
  if (broken === undefined || whole === undefined) return expect.fail('there are two pins')
  const [leaf = ''] = ((await run('refs', { args: [`${broken}`] })) as { readonly Ref: string }[]).map(({ Ref }) => Ref)
  await node.store.deleteMany([parseCid(leaf)])
  const events: unknown[] = []
  for await (const event of commandAt('pin verify').run(inputOf({ options: { verbose: true } }))) {
    if (events.length === 0) await node.pins.remove(broken)
    events.push(event)
  }
  expect(events.filter((event) => typeof event === 'object' && event !== null && 'Cid' in event)).toEqual([
    { Cid: `${whole}`, Ok: true },
  ])
})

test('a block that is too large is refused while it is read', async () => {
  const { run } = await newRunner()
  let pieces = 0
  const endless: ImportSource = {
    kind: 'file',
    async *content() {
      for (; ; pieces++) yield new Uint8Array(1 << 20)
    },
  }
  await expect(run('block put', { sources: [{ name: 'x', source: endless }] })).rejects.toMatchObject({ code: 'LIMIT' })
  expect(pieces).toBe(2)
  await expect(run('block put', { sources: [TREE] })).rejects.toMatchObject({ code: 'INVALID' })
})

test('what needs the network says so on a node that is offline', async () => {
  const { run } = await newRunner()
  await expect(run('repo verify', { options: { heal: true } })).rejects.toMatchObject({ code: 'INVALID' })
  await expect(run('swarm peers')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await expect(run('swarm connect', { args: ['/ip4/127.0.0.1/tcp/1'] })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

test('id tells who the node is, with Kubo’s fields', async () => {
  const { run } = await newRunner()
  const [id] = (await run('id')) as [Record<string, unknown>]
  expect(Object.keys(id).toSorted()).toEqual(['Addresses', 'AgentVersion', 'ID', 'Protocols', 'PublicKey'])
  expect(id).toMatchObject({ AgentVersion: 'cairn/test', PublicKey: expect.stringMatching(/^CAESI/) })
})

test('an abort ends a command', async () => {
  const { run } = await newRunner()
  const stop = new AbortController()
  stop.abort(new Error('stop'))
  for (const name of ['add', 'cat', 'pin add']) {
    const call = { sources: [TREE], args: ['bafkreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'] }
    await expect(run(name, { ...call, signal: stop.signal })).rejects.toThrow('stop')
  }
})

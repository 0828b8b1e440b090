// The commands about the exchange, through the command table, between nodes on loopback.
import { join } from 'node:path'
import { createBlock, RAW_CODE } from '@cairn/core'
import { createRepo, openNode, readRepo, type Node } from '@cairn/node'
import { expect, onTestFinished, test } from 'vitest'
import { COMMANDS, type CommandInput } from '../src/index.ts'
import { tempFolder } from './temp-folder.ts'

const [HERE, NOWHERE] = ['it is here', 'it is nowhere'].map((text) =>
  createBlock(Buffer.from(text), { codec: RAW_CODE }),
)

interface Runner {
  readonly node: Node
  readonly id: string
  /** Runs a command and gives its first event, with what people see of it. */
  run(name: string, call?: Partial<CommandInput>): Promise<{ event: unknown; text: string | undefined }>
}

async function openRunner(): Promise<Runner> {
  const path = join(await tempFolder(), 'repo')
  await createRepo(path, 'test')
  const node = await openNode(path, { online: {} })
  onTestFinished(() => node.close())
  return {
    node,
    id: node.swarm?.host.peerId ?? '',
    async run(name, call = {}) {
      const command = COMMANDS.find((candidate) => candidate.path.join(' ') === name)
      if (command?.output !== 'events') throw new Error(`there is no such command: ${name}`)
      const input: CommandInput = {
        args: [],
        sources: [],
        options: {},
        node: () => Promise.resolve(node),
        reader: () => Promise.resolve(node.blocks),
        running: node,
        repo: () => readRepo(path),
        agentVersion: 'cairn/test',
        signal: new AbortController().signal,
        ...call,
      }
      const [event] = await Array.fromAsync<unknown>(command.run(input))
      return { event, text: event === undefined ? undefined : command.text(event, input.options) }
    },
  }
}

/** Two nodes, of which the second has fetched `HERE` from the first and waits for `NOWHERE`. */
async function openTwo(): Promise<[Runner, Runner]> {
  const [giver, taker] = [await openRunner(), await openRunner()]
  if (HERE === undefined || NOWHERE === undefined) throw new TypeError('two blocks')
  await giver.node.blocks.putMany([HERE])
  await taker.node.swarm?.connect(giver.node.swarm?.host.addresses()[0] ?? '')
  await taker.node.blocks.get(HERE.cid)
  taker.node.blocks.get(NOWHERE.cid).catch(() => undefined)
  await expect.poll(() => taker.node.swarm?.bitswap.isLacked(NOWHERE.cid)).toBe(true)
  return [giver, taker]
}

test('stat, wantlist and ledger tell what was exchanged, what it was good for, and why a block waits', async () => {
  const [giver, taker] = await openTwo()
  const bytes = HERE?.bytes.length
  const stat = await taker.run('bitswap stat', { options: { human: true, verbose: true } })
  expect(stat.event).toMatchObject({
    BlocksReceived: 1,
    DataReceived: bytes,
    DupBlksReceived: 0,
    UnaskedBlksReceived: 0,
    UsefulDataReceived: bytes,
    WastedDataReceived: 0,
    Refused: { 'stream-cut': 0, 'message-malformed': 0, 'block-unasked': 0, 'peer-refused': 0 },
    Peers: [giver.id],
    Wantlist: [{ '/': NOWHERE?.cid.toString() }],
  })
  expect(stat.text?.split('\n')).toContain(`\t\t${giver.id}`)

  const Keys = [{ '/': NOWHERE?.cid.toString() }]
  expect((await taker.run('bitswap wantlist')).event).toEqual({ Keys })
  const verbose = await taker.run('bitswap wantlist', { options: { verbose: true } })
  expect(verbose.event).toMatchObject({
    Keys,
    Waits: [{ Cid: NOWHERE?.cid.toString(), Reason: 'all lack it', Asked: [{ Peer: giver.id, Has: false }] }],
  })
  expect(verbose.text?.split('\n')).toHaveLength(2)
  expect((await giver.run('bitswap wantlist', { options: { peer: taker.id } })).event).toEqual({ Keys })

  const ledger = await taker.run('bitswap ledger', { args: [giver.id] })
  expect(ledger.event).toEqual({ Peer: giver.id, Value: 0, Sent: 0, Recv: bytes, Exchanged: 1, Wasted: 0 })
})

test('stat tells why something was dropped', async () => {
  const [giver, taker] = await openTwo()
  const [connection] = taker.node.swarm?.host.libp2p.getConnections() ?? []
  const stream = await connection?.newStream('/ipfs/bitswap/1.2.0')
  stream?.send(new Uint8Array(100).fill(0xff))
  await expect.poll(() => giver.node.swarm?.bitswap.stats().refused['length-malformed']).toBe(1)
  const { event, text } = await giver.run('bitswap stat')
  expect(event).toMatchObject({ Refused: { 'length-malformed': 1, 'stream-cut': 0 } })
  expect(text?.split('\n').filter((line) => line.includes('refused'))).toEqual(['\trefused length-malformed: 1'])
})

test('a node that runs tells its addresses, with and without its id', async () => {
  const { run, node, id } = await openRunner()
  const full = node.swarm?.host.addresses() ?? []
  const bare = full.map((address) => address.slice(0, address.indexOf('/p2p/')))
  expect(full.length).toBeGreaterThan(0)
  expect((await run('swarm addrs local')).event).toEqual({ Strings: bare })
  expect((await run('swarm addrs local', { options: { id: true } })).event).toEqual({ Strings: full })
  expect(await run('swarm addrs listen')).toEqual({ event: { Strings: bare }, text: bare.join('\n') })
  expect((await run('id')).event).toMatchObject({
    ID: id,
    Addresses: full,
    Protocols: expect.arrayContaining(['/ipfs/bitswap/1.2.0']),
  })
  expect((await run('id', { running: undefined })).event).toMatchObject({ Addresses: [], Protocols: [] })
})

test('peers are told with what the flags ask for', async () => {
  const [giver, taker] = await openTwo()
  const options = { latency: true, streams: true, direction: true, identify: true }
  await taker.node.swarm?.host.ping(giver.id)
  expect((await taker.run('swarm peers', { options })).event).toMatchObject({
    Peers: [
      {
        Peer: giver.id,
        Direction: 2,
        Latency: expect.stringMatching(/^[\d.]+ms$/),
        Muxer: expect.stringContaining('yamux'),
        Streams: expect.arrayContaining([{ Protocol: '/ipfs/bitswap/1.2.0' }]),
        Identify: { ID: giver.id },
      },
    ],
  })
})

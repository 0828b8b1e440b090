// Results of the RPC beside those of Kubo: names of fields and types of values, on one small tree.
import { expect, test } from 'vitest'
import { bytes, CID, expectGolden, NUMBER, openScene, TEXT, values, type Golden } from './golden.ts'
import { fileForm, openRpc } from './open-rpc.ts'

const NO_TIME = '0001-01-01T00:00:00Z'
const LINK = { '/': CID }

const SHAPES: readonly Golden[] = [
  ['cat?arg=ROOT/a', bytes('hello')],
  ['cat?arg=ROOT/a&offset=1&length=3', bytes('ell')],
  [
    'ls?arg=ROOT',
    values({
      Objects: [
        {
          Hash: expect.any(String),
          Links: [{ Name: 'a', Hash: CID, Size: 5, Type: 2, Target: '', Mode: 0, ModTime: NO_TIME }],
        },
      ],
    }),
  ],
  ['block/get?arg=LEAF', bytes('hello')],
  ['block/stat?arg=LEAF', values({ Key: CID, Size: 5 })],
  ['dag/get?arg=NODE/x', bytes('[1,2]')],
  ['dag/resolve?arg=NODE/x/0', values({ Cid: LINK, RemPath: 'x/0' })],
  [
    'dag/stat?arg=ROOT&progress=false',
    values({
      UniqueBlocks: 2,
      TotalSize: NUMBER,
      SharedSize: 0,
      Ratio: 1,
      DagStats: [{ Cid: CID, Size: NUMBER, NumBlocks: 2 }],
    }),
  ],
  ['refs?arg=ROOT', values({ Ref: CID, Err: '' })],
  ['refs/local', values(...[1, 2, 3].map(() => ({ Ref: CID, Err: '' })))],
  ['pin/ls?type=recursive', values({ Keys: expect.objectContaining({}) })],
  ['pin/ls?type=direct', values({})],
  ['pin/ls?type=recursive&stream=true', values({ Cid: CID, Type: 'recursive' })],
  ['pin/verify?verbose=true', values({ Cid: CID, Ok: true })],
  ['pin/add?arg=NODE', values({ Pins: [CID] })],
  ['pin/add?arg=NODE&progress=true', (reply) => expect(reply.values.at(-1)).toEqual({ Pins: [CID] })],
  ['pin/update?arg=NODE&arg=NODE', values({ Pins: [CID, CID] })],
  ['pin/rm?arg=NODE', values({ Pins: [CID] })],
  [
    'pin/rm?arg=NODE',
    (reply) => expect([reply.status, reply.text]).toEqual([500, expect.stringContaining('not pinned')]),
  ],
  ['files/cp?arg=/ipfs/ROOT&arg=/t', bytes('')],
  ['files/stat?arg=/t', values({ Hash: CID, Size: 0, CumulativeSize: NUMBER, Blocks: 1, Type: 'directory' })],
  ['files/ls?arg=/t', values({ Entries: [{ Name: 'a', Type: 0, Size: 0, Hash: '' }] })],
  ['files/ls?arg=/t&long=true', values({ Entries: [{ Name: 'a', Type: 0, Size: 5, Hash: CID }] })],
  ['files/mkdir?arg=/e', bytes('')],
  ['files/ls?arg=/e', values({ Entries: null })],
  ['files/read?arg=/t/a', bytes('hello')],
  ['files/mv?arg=/e&arg=/f', bytes('')],
  ['files/flush', values({ Cid: CID })],
  ['files/rm?arg=/f&recursive=true', bytes('')],
  ['repo/stat?size-only=true', values({ RepoSize: NUMBER, StorageMax: NUMBER, RepoPath: TEXT, Version: TEXT })],
  [
    'repo/stat',
    (reply) =>
      expect(reply.values).toMatchObject([
        { RepoSize: NUMBER, StorageMax: NUMBER, NumObjects: NUMBER, RepoPath: TEXT, Version: TEXT },
      ]),
  ],
  ['repo/version', values({ Version: TEXT })],
  [
    'repo/gc',
    (reply) => expect(new Set(reply.values.map((value) => Object.keys(value ?? {}).join()))).toEqual(new Set(['Key'])),
  ],
  [
    'id',
    (reply) =>
      expect(reply.values).toMatchObject([
        { ID: TEXT, PublicKey: TEXT, AgentVersion: TEXT, Addresses: expect.any(Array), Protocols: expect.any(Array) },
      ]),
  ],
  ['config?arg=Addresses.Swarm', values({ Key: 'Addresses.Swarm', Value: expect.any(Array) })],
  ['config/show', (reply) => expect(reply.text).not.toContain('PrivKey')],
  ['swarm/peers', values({ Peers: [] })],
  ['swarm/addrs', (reply) => expect(reply.values).toMatchObject([{ Addrs: expect.any(Object) }])],
  ['swarm/addrs/local', values({ Strings: expect.any(Array) })],
  ['swarm/addrs/listen', values({ Strings: expect.any(Array) })],
  ['bitswap/wantlist', values({ Keys: [] })],
  [
    'bitswap/stat',
    (reply) =>
      expect(reply.values).toMatchObject([
        {
          Wantlist: [],
          Peers: [],
          BlocksReceived: 0,
          DataReceived: 0,
          DupBlksReceived: 0,
          DupDataReceived: 0,
          MessagesReceived: 0,
          BlocksSent: 0,
          DataSent: 0,
        },
      ]),
  ],
  [
    'stats/bw',
    (reply) =>
      expect(reply.values).toMatchObject([{ TotalIn: NUMBER, TotalOut: NUMBER, RateIn: NUMBER, RateOut: NUMBER }]),
  ],
  ['block/rm?arg=LEAF', values({ Hash: CID, Error: expect.stringMatching(/^pinned via/) })],
]

test('results have the shapes of Kubo', async () => {
  await expectGolden(await openScene(), SHAPES)
})

test('what is added tells its progress only when asked to, files before their folders', async () => {
  const { post } = await openRpc()
  const quiet = await post('add', fileForm('hello', 'top/a'))
  const entry = (Name: string) => ({ Name, Hash: CID, Size: expect.stringMatching(/^\d+$/) })
  expect(quiet.values).toEqual([entry('top/a'), entry('top')])
  const { values: told } = await post('add?progress=true', fileForm('hello', 'top/a'))
  expect(told).toContainEqual({ Name: 'top/a', Bytes: 5 })
})

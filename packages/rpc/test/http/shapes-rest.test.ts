// Results of the rest of the RPC beside those of Kubo: peers, settings, keys, CARs, and the tools for CIDs.
import { expect, test } from 'vitest'
import { COMMANDS, UNBUILT } from '../../src/index.ts'
import { bytes, CID, expectGolden, NUMBER, openScene, TEXT, values, type Golden } from './golden.ts'
import { fileForm, form } from './open-rpc.ts'

const STRINGS = { Strings: expect.any(Array) as unknown }
const KEY = { Name: 'k', Id: expect.stringMatching(/^k51/) as unknown }
const like =
  (...expected: readonly object[]) =>
  (reply: { readonly values: readonly unknown[] }) =>
    expect(reply.values).toMatchObject(expected)

const PEERS: readonly Golden[] = [
  ['swarm/connect?arg=ADDRESS', values({ Strings: [expect.stringMatching(/^connect 12D3\w+ success$/)] })],
  ['swarm/peers', values({ Peers: [{ Addr: TEXT, Peer: TEXT, Direction: 2 }] })],
  [
    'swarm/peers?latency=true&streams=true',
    like({ Peers: [{ Addr: TEXT, Peer: TEXT, Direction: 2, Latency: TEXT, Muxer: TEXT, Streams: expect.any(Array) }] }),
  ],
  [
    'ping?arg=PEER&count=1',
    like({ Success: true, Text: TEXT }, { Success: true, Time: NUMBER, Text: '' }, { Text: TEXT }),
  ],
  [
    'swarm/peers?verbose=true',
    like({
      Peers: [
        {
          Identify: {
            ID: TEXT,
            PublicKey: TEXT,
            Addresses: expect.any(Array),
            AgentVersion: expect.stringMatching(/^cairn/),
            Protocols: expect.arrayContaining(['/ipfs/bitswap/1.2.0']),
          },
        },
      ],
    }),
  ],
  ['swarm/addrs', like({ Addrs: expect.any(Object) })],
  ['bitswap/ledger?arg=PEER', like({ Peer: TEXT, Value: NUMBER, Sent: NUMBER, Recv: NUMBER, Exchanged: NUMBER })],
  ['bitswap/wantlist?peer=PEER', values({ Keys: [] })],
  ['stats/bitswap', like({ Wantlist: [], Peers: [TEXT], BlocksReceived: NUMBER, DataSent: NUMBER })],
  ['stats/repo', like({ RepoSize: NUMBER, StorageMax: NUMBER, NumObjects: NUMBER })],
  ['stats/bw?peer=PEER', values({ TotalIn: NUMBER, TotalOut: NUMBER, RateIn: NUMBER, RateOut: NUMBER })],
  ['id?arg=PEER', like({ ID: TEXT, AgentVersion: expect.stringMatching(/^cairn/) })],
  ['swarm/peering/add?arg=ADDRESS', values({ ID: TEXT, Status: 'success' })],
  ['swarm/peering/ls', values({ Peers: [{ ID: TEXT, Addrs: [TEXT] }] })],
  ['swarm/peering/rm?arg=PEER', values({ ID: TEXT, Status: 'success' })],
  ['swarm/filters/add?arg=/ip4/10.0.0.0/ipcidr/8', values({ Strings: ['/ip4/10.0.0.0/ipcidr/8'] })],
  ['swarm/filters', values({ Strings: ['/ip4/10.0.0.0/ipcidr/8'] })],
  ['swarm/filters/rm?arg=/ip4/10.0.0.0/ipcidr/8', values({ Strings: ['/ip4/10.0.0.0/ipcidr/8'] })],
  ['bootstrap/add?arg=ADDRESS', values({ Peers: [TEXT] })],
  ['bootstrap/list', values({ Peers: [TEXT] })],
  ['bootstrap/rm?arg=ADDRESS', values({ Peers: [TEXT] })],
  ['bootstrap/rm/all', values({ Peers: [] })],
  ['swarm/disconnect?arg=ADDRESS', values({ Strings: [expect.stringMatching(/^disconnect 12D3\w+ success$/)] })],
  ['swarm/addrs/local?id=true', values(STRINGS)],
]

const SETTINGS: readonly Golden[] = [
  ['version', values({ Version: TEXT, Commit: '', Repo: TEXT, System: TEXT, Golang: TEXT })],
  ['config?arg=Provide.Strategy&arg=all', values({ Key: 'Provide.Strategy', Value: 'all' })],
  ['config?arg=Import.CidVersion&arg=1&json=true', values({ Key: 'Import.CidVersion', Value: 1 })],
  ['config?arg=Discovery.MDNS.Enabled&arg=false&bool=true', values({ Key: 'Discovery.MDNS.Enabled', Value: false })],
  ['config/profile/apply?arg=lowpower&dry-run=true', like({ OldCfg: expect.any(Object), NewCfg: expect.any(Object) })],
  ['commands', like({ Name: 'cairn', Subcommands: expect.any(Array), Options: [] })],
  [
    'diag/sys',
    like({ diskinfo: { free_space: NUMBER }, memory: { virt: NUMBER }, net: { online: true }, runtime: { os: TEXT } }),
  ],
  ['diag/healthy', values('ok')],
]

const KEYS: readonly Golden[] = [
  ['key/gen?arg=k', values(KEY)],
  ['key/list', values({ Keys: [{ Name: 'self', Id: TEXT }, KEY] })],
  ['key/ls', values({ Keys: [{ Name: 'self', Id: TEXT }, KEY] })],
  ['key/sign?key=k', values({ Key: KEY, Signature: expect.stringMatching(/^u/) }), fileForm('data')],
  ['key/verify?key=k&signature=uAAAA', values({ Key: KEY, SignatureValid: false }), fileForm('data')],
  ['key/rename?arg=k&arg=l', values({ Was: 'k', Now: 'l', Id: KEY.Id, Overwrite: false })],
  ['key/rm?arg=l', values({ Keys: [{ Name: 'l', Id: KEY.Id }] })],
]

const CONTENT: readonly Golden[] = [
  ['block/put', values({ Key: CID, Size: 3 }, { Key: CID, Size: 4 }), form([{ content: 'one' }, { content: 'four' }])],
  ['block/stat?arg=ROOT', values({ Key: CID, Size: NUMBER })],
  [
    'dag/put?pin=true',
    values({ Cid: { '/': CID } }, { Cid: { '/': CID } }),
    form([{ content: '1' }, { content: '{}' }]),
  ],
  ['dag/export?arg=ROOT', ({ headers }) => expect(headers['content-type']).toBe('application/vnd.ipld.car')],
  ['get?arg=ROOT', ({ headers }) => expect(headers['content-type']).toBe('application/x-tar')],
  [
    'get?arg=ROOT&compress=true&archive=true',
    ({ headers }) => expect(headers['content-type']).toBe('application/gzip'),
  ],
  ['resolve?arg=/ipfs/ROOT/a', values({ Path: expect.stringMatching(/^\/ipfs\/bafk\w+$/) })],
  ['refs?arg=ROOT&recursive=true&unique=true&format=%3Clinkname%3E', values({ Ref: 'a', Err: '' })],
  ['refs?arg=ROOT&edges=true', values({ Ref: expect.stringMatching(/^\w+ -> \w+$/), Err: '' })],
  ['pin/ls?arg=LEAF', like({ Keys: expect.any(Object) })],
  ['pin/add?arg=LEAF&name=n', values({ Pins: [CID] })],
  [
    'pin/ls?names=true&type=recursive&name=n',
    (reply) => expect(reply.text).toMatch(/^{"Keys":{"baf\w+":{"Type":"recursive","Name":"n"}}}\n$/),
  ],
  ['files/write?arg=/f&create=true', bytes(''), fileForm('data')],
  ['files/chmod?arg=0640&arg=/f', bytes('')],
  ['files/touch?arg=/f&mtime=1700000000&mtime-nsecs=5', bytes('')],
  [
    'files/stat?arg=/f',
    values({
      Hash: CID,
      Size: 4,
      CumulativeSize: NUMBER,
      Blocks: NUMBER,
      Type: 'file',
      Mode: '0640',
      Mtime: 1_700_000_000,
      MtimeNsecs: 5,
    }),
  ],
  ['files/stat?arg=/&with-local=true', like({ WithLocality: true, Local: true, SizeLocal: NUMBER, Type: 'directory' })],
  ['files/chcid?arg=/&cid-version=0', bytes('')],
  ['files/stat?arg=/&hash=true&encoding=text', ({ text }) => expect(text).toMatch(/^Qm\w{44}\n$/)],
  ['repo/ls', (reply) => expect(reply.values.at(0)).toEqual({ Ref: CID, Err: '' })],
  ['repo/verify', values({ Msg: 'verify complete, all blocks validated.', Progress: 0 })],
]

const TOOLS: readonly Golden[] = [
  ['cid/format?arg=LEAF&f=%25c', values({ CidStr: CID, Formatted: 'raw', ErrorMsg: '' })],
  ['cid/base32?arg=LEAF', values({ CidStr: CID, Formatted: CID, ErrorMsg: '' })],
  ['cid/bases', (reply) => expect(reply.values[0]).toContainEqual({ Code: 98, Name: 'base32' })],
  ['cid/codecs', (reply) => expect(reply.values[0]).toContainEqual({ Code: 0x70, Name: 'dag-pb' })],
  ['cid/hashes', (reply) => expect(reply.values[0]).toContainEqual({ Code: 0x12, Name: 'sha2-256' })],
  ['cid/inspect?arg=LEAF', like({ version: 1 })],
  ['multibase/encode?b=base16', bytes('f6869'), fileForm('hi')],
  ['multibase/decode', bytes('hi'), fileForm('f6869')],
  ['multibase/transcode?b=base32', bytes('bnbuq'), fileForm('f6869')],
  ['multibase/list', (reply) => expect(reply.values[0]).toContainEqual({ Code: 102, Name: 'base16' })],
]

test.for([
  ['peers', PEERS],
  ['settings', SETTINGS],
  ['keys', KEYS],
  ['content', CONTENT],
  ['tools', TOOLS],
] as const)('results about %s have the shapes of Kubo', async ([, goldens]) => {
  await expectGolden(await openScene(), goldens)
})

test('a CAR goes in with its root and its sums', async () => {
  const { rpc, words } = await openScene()
  const { bytes: car } = await rpc.post(`dag/export?arg=${words['ROOT']}`)
  const { headers, body } = form([{ content: 'CAR' }])
  const [before = '', after = ''] = body.split('CAR')
  const whole = Buffer.concat([Buffer.from(before), car, Buffer.from(after)])
  const { values: imported } = await rpc.post('dag/import?stats=true', { headers, body: whole })
  expect(imported).toEqual([
    { Root: { Cid: { '/': words['ROOT'] }, PinErrorMsg: '' } },
    { Stats: { BlockCount: 2, BlockBytesCount: NUMBER } },
  ])
})

test('what is built is not among what is not', () => {
  const built = new Set(COMMANDS.flatMap(({ path, aliases }) => [path, ...aliases].map((words) => words.join(' '))))
  expect(UNBUILT.map(({ path }) => path.join(' ')).filter((path) => built.has(path))).toEqual([])
})

// Commands that need no node: CIDs and bytes in other forms. CIDs in all forms are those of the CID specification's examples.
import { expect, test } from 'vitest'
import { openRunner, sourcesOf } from './command-runner.ts'

const V0 = 'QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n'
const V1 = 'bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
const RAW = 'bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq'

test.for([
  [V0, { 'to-version': '1' }, V1],
  [V1, { 'to-version': '0' }, V0],
  [V0, { base: 'base32' }, V1],
  [V1, { mc: 'raw' }, V1.replace('bafy', 'bafk').replace('afkbei', 'afkrei')],
  [V0, { format: '%b %v %c %h %L %%' }, 'base58btc cidv0 dag-pb sha2-256 32 %'],
  [RAW, { format: '%P' }, 'cidv1-raw-sha2-256-32'],
  [RAW, { format: '%V %C %H %B' }, '1 85 18 b'],
  [RAW, { format: '%D', base: 'base16' }, 'f2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'],
] as const)('cid format %s with %j', async ([cid, options, formatted]) => {
  const { run } = await openRunner()
  expect(await run('cid format', { args: [cid], options })).toEqual([
    { CidStr: cid, Formatted: formatted, ErrorMsg: '' },
  ])
})

test('cid format goes on after what does not read or convert', async () => {
  const { run } = await openRunner()
  const failed = { Formatted: '', ErrorMsg: expect.stringMatching(/./) }
  expect(await run('cid format', { args: ['nonsense', RAW, V1], options: { 'to-version': '0' } })).toEqual([
    { CidStr: 'nonsense', ...failed },
    { CidStr: RAW, ...failed },
    { CidStr: V1, Formatted: V0, ErrorMsg: '' },
  ])
  await expect(run('cid format', { args: [V0], options: { format: '%q' } })).rejects.toMatchObject({ code: 'INVALID' })
  await expect(run('cid format', { args: [V0], options: { base: 'base1' } })).rejects.toMatchObject({
    code: 'UNSUPPORTED',
  })
  expect(await run('cid base32', { args: [V0] })).toMatchObject([{ Formatted: V1 }])
})

test('cid inspect tells all parts', async () => {
  const { answer } = await openRunner()
  expect(await answer('cid inspect', { args: [V1] })).toEqual({
    cid: V1,
    version: 1,
    multibase: { prefix: 'b', name: 'base32' },
    multicodec: { code: 112, name: 'dag-pb' },
    multihash: {
      code: 18,
      name: 'sha2-256',
      length: 32,
      digest: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    },
    cidV0: V0,
    cidV1: V1,
  })
})

test('bases, codecs and hashes are lists of numbers and names', async () => {
  const { answer } = await openRunner()
  expect(await answer('cid bases')).toContainEqual({ Code: 'b'.charCodeAt(0), Name: 'base32' })
  expect(await answer('multibase list')).toContainEqual({ Code: 'u'.charCodeAt(0), Name: 'base64url' })
  expect(await answer('cid codecs')).toContainEqual({ Code: 114, Name: 'libp2p-key' })
  expect(await answer('cid codecs', { options: { supported: true } })).toHaveLength(6)
  expect(await answer('cid hashes')).toContainEqual({ Code: 18, Name: 'sha2-256' })
})

test('multibase writes and reads text', async () => {
  const { bytes } = await openRunner()
  expect(await bytes('multibase encode', { sources: sourcesOf('hello') })).toBe('uaGVsbG8')
  expect(await bytes('multibase encode', { sources: sourcesOf('hello'), options: { base: 'base16' } })).toBe(
    'f68656c6c6f',
  )
  expect(await bytes('multibase decode', { sources: sourcesOf('uaGVsbG8\n') })).toBe('hello')
  expect(await bytes('multibase transcode', { sources: sourcesOf('uaGVsbG8'), options: { base: 'base16' } })).toBe(
    'f68656c6c6f',
  )
  for (const text of ['!', 'f6', ''])
    await expect(bytes('multibase decode', { sources: sourcesOf(text) })).rejects.toMatchObject({ code: 'INVALID' })
  await expect(bytes('multibase decode', { sources: [] })).rejects.toMatchObject({ code: 'INVALID' })
})

// Results in the base that is asked for, as Kubo's `cid-base` and `upgrade-cidv0-in-output` have it.
import { expect, test } from 'vitest'
import { fileForm, form, openRpc, type OpenRpc } from './open-rpc.ts'

const [V0, V1] = [/^Qm\w{44}$/, /^bafybei\w{52}$/]
const BASE36 = /^k[0-9a-z]{50,}$/

async function openOld(): Promise<OpenRpc & { readonly root: string }> {
  const rpc = await openRpc()
  const { values } = await rpc.post('add?cid-version=0&profile=unixfs-v0-2015', fileForm('hello', 'top/a'))
  const { Hash } = values.at(-1) as { readonly Hash: string }
  await rpc.post(`files/cp?arg=/ipfs/${Hash}&arg=/t`)
  return { ...rpc, root: Hash }
}

/** CIDs where a call has them in its results. */
const CALLS: readonly (readonly [string, (value: never) => unknown])[] = [
  ['pin/add?arg=ROOT', ({ Pins }: { Pins: readonly string[] }) => Pins[0]],
  ['pin/ls?type=recursive', ({ Keys }: { Keys: object }) => Object.keys(Keys)[0]],
  ['pin/ls?type=recursive&stream=true', ({ Cid }: { Cid: string }) => Cid],
  [
    'pin/ls?arg=ROOT/a',
    ({ Keys }: { Keys: Record<string, { Type: string }> }) => Object.values(Keys)[0]?.Type.split(' ')[2],
  ],
  ['pin/verify?verbose=true', ({ Cid }: { Cid: string }) => Cid],
  ['ls?arg=ROOT', ({ Objects: [top] }: { Objects: { Links: { Hash: string }[] }[] }) => top?.Links[0]?.Hash],
  ['refs?arg=ROOT', ({ Ref }: { Ref: string }) => Ref],
  ['refs?arg=ROOT&edges=true', ({ Ref }: { Ref: string }) => Ref.split(' ')[0]],
  ['block/stat?arg=ROOT', ({ Key }: { Key: string }) => Key],
  ['dag/stat?arg=ROOT', ({ DagStats }: { DagStats: { Cid: string }[] }) => DagStats[0]?.Cid],
  ['files/stat?arg=/t', ({ Hash }: { Hash: string }) => Hash],
  ['files/flush?arg=/t', ({ Cid }: { Cid: string }) => Cid],
  ['files/ls?arg=/&long=true', ({ Entries }: { Entries: { Hash: string }[] }) => Entries[0]?.Hash],
  ['resolve?arg=/ipfs/ROOT', ({ Path }: { Path: string }) => Path.split('/')[2]],
]

test('CIDs come as they are, in a base, or as version 1', async () => {
  const { post, root } = await openOld()
  for (const [call, cidIn] of CALLS) {
    const cidOf = async (more: string) =>
      cidIn((await post(`${call.replace('ROOT', root)}${call.includes('?') ? '&' : '?'}${more}`)).values[0] as never)
    expect({ call, cid: await cidOf('') }).toEqual({ call, cid: expect.stringMatching(V0) })
    expect({ call, cid: await cidOf('cid-base=base36') }).toEqual({ call, cid: expect.stringMatching(BASE36) })
    expect({ call, cid: await cidOf('cid-base=b') }).toEqual({ call, cid: expect.stringMatching(V1) })
    const kept = await cidOf('cid-base=base36&upgrade-cidv0-in-output=false')
    expect({ call, cid: kept }).toEqual({ call, cid: expect.stringMatching(V0) })
    const upgraded = await cidOf('upgrade-cidv0-in-output=true')
    expect({ call, cid: upgraded }).toEqual({ call, cid: expect.stringMatching(V1) })
  }
})

test('names and links of IPLD stay, and people see all in one form', async () => {
  const { post } = await openOld()
  const named = await post('add?cid-base=base36', fileForm('text', 'name'))
  expect(named.values).toEqual([{ Name: 'name', Hash: expect.stringMatching(BASE36), Size: '4' }])
  const bare = await post('add?cid-base=base36', form([{ content: 'text' }]))
  const [{ Name, Hash }] = bare.values as [{ readonly Name: string; readonly Hash: string }]
  expect([Name, Hash]).toEqual([Hash, expect.stringMatching(BASE36)])
  const put = () => form([{ content: '{}' }])
  expect((await post('dag/put?cid-base=base36', put())).text).toContain('bafyrei')
  expect((await post('dag/put?cid-base=base36&encoding=text', put())).text.trim()).toMatch(BASE36)
  expect((await post('cat?arg=nonsense&cid-base=base7')).text).toContain('base7')
})

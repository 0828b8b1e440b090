// The key commands by their results; Kubo's names of fields.
import { expect, test } from 'vitest'
import { openRunner, sourcesOf } from './command-runner.ts'
import { fileForm, openRpc } from './http/open-rpc.ts'

const ID: unknown = expect.stringMatching(/^k(51|2)[0-9a-z]+$/)

test('keys are made, listed, renamed and removed', async () => {
  const { answer, text } = await openRunner()
  expect(await answer('key gen', { args: ['one'] })).toEqual({ Name: 'one', Id: ID })
  await answer('key gen', { args: ['two'], options: { type: 'rsa', size: 2048 } })
  const listed = { Keys: ['self', 'one', 'two'].map((Name) => ({ Name, Id: ID })) }
  expect(await answer('key list')).toEqual(listed)
  expect(await answer('key ls', { options: { l: true } })).toEqual(listed)
  expect(await text('key list')).toBe('self\none\ntwo')
  expect(await text('key list', { options: { l: true } })).toMatch(/^k51\w+ self\nk51\w+ one\nk2\w+ two$/)
  expect(await answer('key list', { options: { 'ipns-base': 'b58mh' } })).toEqual({
    Keys: [
      { Name: 'self', Id: expect.stringMatching(/^12D3Koo/) },
      { Name: 'one', Id: expect.stringMatching(/^12D3Koo/) },
      { Name: 'two', Id: expect.stringMatching(/^Qm/) },
    ],
  })
  expect(await answer('key rename', { args: ['one', 'three'] })).toEqual({
    Was: 'one',
    Now: 'three',
    Id: ID,
    Overwrite: false,
  })
  expect(await answer('key rename', { args: ['three', 'two'], options: { force: true } })).toMatchObject({
    Overwrite: true,
  })
  expect(await answer('key rm', { args: ['two'] })).toEqual({ Keys: [{ Name: 'two', Id: ID }] })
})

test('a key goes from one repo to another, and proves there what it has signed here', async () => {
  const [from, to] = [await openRunner(), await openRunner()]
  await from.answer('key gen', { args: ['k'] })
  for (const format of ['libp2p-protobuf-cleartext', 'pem-pkcs8-cleartext']) {
    const options = { format }
    const key = Buffer.concat((await from.run('key export', { args: ['k'], options })) as Buffer[])
    const source = {
      kind: 'file' as const,
      content: async function* () {
        yield key
      },
    }
    await to.answer('key import', { args: [format], sources: [{ name: 'f', source }], options })
  }
  const { Signature } = (await from.answer('key sign', {
    sources: sourcesOf('hello'),
    options: { key: 'k' },
  })) as { readonly Signature: string }
  expect(Signature).toMatch(/^u/)
  const verify = (text: string, key: string) =>
    to.answer('key verify', { sources: sourcesOf(text), options: { key, signature: Signature } })
  const Key = { Name: 'pem-pkcs8-cleartext', Id: ID }
  expect(await verify('hello', Key.Name)).toEqual({ Key, SignatureValid: true })
  expect(await verify('hallo', Key.Name)).toEqual({ Key, SignatureValid: false })
  expect(await verify('hello', 'self')).toMatchObject({ SignatureValid: false })
})

test('only keys of the usual types are imported unasked', async () => {
  const { answer, run } = await openRunner()
  await answer('key gen', { args: ['odd'], options: { type: 'secp256k1' } })
  const [key = Buffer.alloc(0)] = (await run('key export', { args: ['odd'] })) as Buffer[]
  const source = {
    kind: 'file' as const,
    content: async function* () {
      yield key
    },
  }
  const call = { args: ['again'], sources: [{ name: 'f', source }] }
  await expect(answer('key import', call)).rejects.toMatchObject({ code: 'INVALID' })
  expect(await answer('key import', { ...call, options: { 'allow-any-key-type': true } })).toMatchObject({
    Name: 'again',
  })
})

test('over HTTP keys are as in Kubo, and none is exported', async () => {
  const { post } = await openRpc()
  expect((await post('key/gen?arg=web&type=ed25519')).values).toEqual([{ Name: 'web', Id: ID }])
  expect((await post('key/list?ipns-base=base58btc')).values).toMatchObject([
    { Keys: [{ Name: 'self' }, { Name: 'web' }] },
  ])
  expect((await post('key/export?arg=web')).status).toBe(404)
  expect((await post('key/gen?arg=self')).status).toBe(500)
  expect((await post('key/gen?arg=x&type=dsa')).status).toBe(400)
  expect((await post('key/rm?arg=nothing')).text).toContain('nothing')
  const signed = await post('key/sign?key=web', fileForm('data'))
  expect(signed.values).toEqual([{ Key: { Name: 'web', Id: ID }, Signature: expect.stringMatching(/^u/) }])
})

// ipfsd-ctl, as it is, starts Cairn as it starts Kubo: by the path of the command.
import { randomBytes } from 'node:crypto'
import { access } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { createFactory } from 'ipfsd-ctl'
import { create } from 'kubo-rpc-client'
import { afterAll, expect, test } from 'vitest'

const bin = fileURLToPath(new URL('../../packages/cli/bin/cairn.js', import.meta.url))
const factory = createFactory({ type: 'kubo', test: true, rpc: create, bin })

afterAll(() => factory.clean())

test('a disposable node is made, started, used and stopped', async () => {
  const node = await factory.spawn()
  const { version, peerId, repo, api } = await node.info()
  expect(version).toMatch(/^cairn version \d+\.\d+\.\d+$/)
  expect(api).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+/)
  expect(`${(await node.api.id()).id}`).toBe(peerId)
  const content = randomBytes(3 << 20)
  const { cid } = await node.api.add(content)
  expect(Buffer.concat(await Array.fromAsync(node.api.cat(cid))).equals(content)).toBe(true)
  await node.stop()
  await expect
    .poll(() =>
      access(repo).then(
        () => 'there',
        () => 'gone',
      ),
    )
    .toBe('gone')
})

test('two nodes exchange content, and one keeps it over a restart', async () => {
  const [one, two] = await Promise.all([
    factory.spawn({ disposable: false, init: { config: { Addresses: { Swarm: ['/ip4/127.0.0.1/tcp/0'] } } } }),
    factory.spawn({ init: { config: { Addresses: { Swarm: ['/ip4/127.0.0.1/tcp/0'] } } } }),
  ])
  const content = randomBytes(1 << 20)
  const { cid } = await two.api.add(content)
  const [address] = (await two.api.id()).addresses
  if (address === undefined) throw new Error('it has no address')
  await one.api.swarm.connect(address)
  await one.api.pin.add(cid)
  await two.stop()
  await one.stop()
  await one.start()
  expect(Buffer.concat(await Array.fromAsync(one.api.cat(cid))).equals(content)).toBe(true)
  await one.stop()
  await one.cleanup()
})

import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createBlock, RAW_CODE, type Block } from '@cairn/core'
import { afterEach, expect, test } from 'vitest'
import { createRepo, openNode, readRepo, type Node } from '../src/index.ts'
import { tempFolder } from './temp-folder.ts'

const opened: Node[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((node) => node.close()))
})

/** A repo with settings that are changed before the node opens. */
async function repo(settings: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const path = join(await tempFolder(), 'repo')
  await createRepo(path, 'test')
  for (const [key, value] of Object.entries(settings)) await change(path, key, value)
  return path
}

async function change(path: string, key: string, value: unknown): Promise<void> {
  await (await readRepo(path)).settings.set(key, value)
}

async function online(path: string, onBadConfig?: (error: Error) => void): Promise<Node> {
  const node = await openNode(path, { online: { onBadConfig } })
  opened.push(node)
  return node
}

function swarmOf({ swarm }: Node): NonNullable<Node['swarm']> {
  if (swarm === undefined) throw new Error('offline')
  return swarm
}

function addressOf(node: Node): string {
  return swarmOf(node).host.addresses()[0] ?? ''
}

async function peersOf(node: Node): Promise<string[]> {
  return (await swarmOf(node).host.peers()).map(({ peer }) => peer)
}

function blockOf(bytes: Uint8Array): Block {
  return createBlock(new Uint8Array(bytes), { codec: RAW_CODE })
}

test('a node finds its peering peers, also those that the config gets while it runs', async () => {
  const [one, two] = [await online(await repo()), await online(await repo())]
  const path = await repo({ 'Peering.Peers': [{ ID: swarmOf(one).host.peerId, Addrs: [addressOf(one)] }] })
  const node = await online(path)
  await expect.poll(() => peersOf(node)).toEqual([swarmOf(one).host.peerId])
  await change(path, 'Peering.Peers', [{ ID: swarmOf(two).host.peerId, Addrs: [addressOf(two)] }])
  await expect.poll(() => peersOf(node), { timeout: 5000 }).toContain(swarmOf(two).host.peerId)
})

test('while a node runs, the config decides whom it serves and lets in; one that does not read changes nothing', async () => {
  const path = await repo()
  const errors: Error[] = []
  const [server, client] = [await online(path, (error) => errors.push(error)), await online(await repo())]
  const [one, two] = [blockOf(randomBytes(1000)), blockOf(randomBytes(1000))]
  await server.blocks.putMany([one, two])
  await swarmOf(client).connect(addressOf(server))
  expect((await client.blocks.get(one.cid)).bytes).toEqual(one.bytes)
  await change(path, 'Cairn.Serve.DenyCids', [two.cid.toString()])
  // The file is looked at each second.
  await sleep(2000)
  await expect(client.blocks.get(two.cid, { signal: AbortSignal.timeout(300) })).rejects.toThrow()
  const text = JSON.stringify({ ...(await readRepo(path)).config, Cairn: { RefusePeers: 'all' } })
  await writeFile(join(path, 'config'), text)
  await expect.poll(() => errors.map((error) => 'code' in error && error.code), { timeout: 5000 }).toEqual(['INVALID'])
  expect(await peersOf(server)).toEqual([swarmOf(client).host.peerId])
  await writeFile(join(path, 'config'), text.replace('"all"', `["${swarmOf(client).host.peerId}"]`))
  await expect.poll(() => peersOf(server), { timeout: 5000 }).toEqual([])
}, 30_000)

test('bytes that passed are remembered when both open again', async () => {
  const paths = [await repo(), await repo()]
  const [server, client] = [await online(paths[0] ?? ''), await online(paths[1] ?? '')]
  const block = blockOf(randomBytes(5000))
  await server.blocks.putMany([block])
  await swarmOf(client).connect(addressOf(server))
  await client.blocks.get(block.cid)
  const [serverId, clientId] = [swarmOf(server).host.peerId, swarmOf(client).host.peerId]
  await Promise.all(opened.splice(0).map((node) => node.close()))
  const [again, other] = [await online(paths[0] ?? ''), await online(paths[1] ?? '')]
  expect(swarmOf(again).bitswap.accountOf(clientId)).toEqual({ sent: 5000, received: 0, exchanges: 1, wasted: 0 })
  expect(swarmOf(other).bitswap.accountOf(serverId)).toEqual({ sent: 0, received: 5000, exchanges: 1, wasted: 0 })
})

test('nodes whose repos have the same swarm.key meet, a node without it stays outside', async () => {
  const key = `/key/swarm/psk/1.0.0/\n/base16/\n${randomBytes(32).toString('hex')}\n`
  const [one, two, three] = [await repo(), await repo(), await repo()]
  for (const path of [one, two]) await writeFile(join(path, 'swarm.key'), key)
  const [inside, friend, outside] = [await online(one), await online(two), await online(three)]
  await swarmOf(friend).connect(addressOf(inside))
  await expect(swarmOf(outside).connect(addressOf(inside))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  const block = blockOf(randomBytes(2_000_000))
  await inside.blocks.putMany([block])
  expect((await friend.blocks.get(block.cid)).bytes).toEqual(block.bytes)
  await writeFile(join(three, 'swarm.key'), 'hello')
  await outside.close()
  opened.splice(opened.indexOf(outside), 1)
  await expect(openNode(three, { online: {} })).rejects.toMatchObject({ code: 'INVALID' })
})

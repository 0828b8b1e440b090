import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { fileURLToPath } from 'node:url'
import { isCairnError } from '@cairn/core'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Libp2p, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { multiaddr as readMultiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import { afterEach, describe, expect, test } from 'vitest'
import { openHost, type Host } from '../src/host.ts'
import type { HostSettings } from '../src/stack.ts'
import { generateIdentity } from '../src/identity/identity.ts'

const LOOPBACK = '/ip4/127.0.0.1/tcp/0'
const opened: (() => Promise<unknown>)[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((close) => close()))
})

async function host(settings: HostSettings = {}, listen = [LOOPBACK]): Promise<Host> {
  const result = await openHost({ identity: generateIdentity(), listen }, settings)
  opened.push(() => result.close())
  return result
}

/** Another implementation: js-libp2p with its defaults. */
async function plainNode(connectionEncrypters: NonNullable<Libp2pOptions['connectionEncrypters']>): Promise<Libp2p> {
  const node = await createLibp2p({
    addresses: { listen: [LOOPBACK] },
    transports: [tcp()],
    connectionEncrypters,
    streamMuxers: [yamux()],
    services: { identify: identify() },
  })
  opened.push(async () => node.stop())
  return node
}

async function server(): Promise<{ port: number; server: Server }> {
  const listening = createServer((socket) => socket.on('error', () => socket.destroy()))
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  opened.push(async () => listening.close())
  const address = listening.address() as AddressInfo
  return { port: address.port, server: listening }
}

async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (isCairnError(error)) expect(error.message).not.toContain('\n')
  return isCairnError(error) ? error.code : String(error)
}

function addressOf(target: Host): string {
  const [address] = target.addresses()
  if (address === undefined) throw new Error('not listening')
  return address
}

test('two hosts connect, see each other, ping and part', async () => {
  const [one, two] = [await host(), await host()]
  expect(addressOf(two)).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3Koo/)
  expect(await one.connect(addressOf(two))).toBe(two.peerId)
  expect(await one.connect(addressOf(two))).toBe(two.peerId)
  expect(await one.peers()).toMatchObject([{ peer: two.peerId, address: addressOf(two), direction: 'out' }])
  await expect.poll(() => two.peers()).toMatchObject([{ peer: one.peerId, direction: 'in' }])
  await expect.poll(async () => (await one.peers())[0]?.protocols).toContain('/ipfs/ping/1.0.0')
  expect(await one.ping(two.peerId)).toBeGreaterThanOrEqual(0)
  expect(one.libp2p.getConnections()[0]?.encryption).toBe('/tls/1.0.0')
  await one.disconnect(two.peerId)
  expect(await one.peers()).toEqual([])
  expect(await codeOf(one.disconnect(two.peerId))).toBe('NOT_FOUND')
  expect(await codeOf(one.ping(two.peerId))).toBe('NOT_FOUND')
  expect(await codeOf(one.ping('nobody'))).toBe('INVALID')
})

test('the agent and only what was asked for is announced', async () => {
  const [one, node] = [await host(), await plainNode([tls(), noise()])]
  const identified = new Promise<{ agentVersion?: string; listenAddrs: unknown[] }>((resolve) => {
    node.addEventListener('peer:identify', ({ detail }) => resolve(detail), { once: true })
  })
  await one.connect(String(node.getMultiaddrs()[0]))
  const { agentVersion, listenAddrs } = await identified
  expect(agentVersion).toMatch(/^cairn\/\d+\.\d+\.\d+$/)
  expect(listenAddrs.map(String)).toEqual([addressOf(one).replace(/\/p2p\/.*/, '')])
})

test.each([
  ['TLS', [tls()], '/tls/1.0.0'],
  ['Noise', [noise()], '/noise'],
  ['both, Noise first', [noise(), tls()], '/tls/1.0.0'],
])('a node with %s is reached, either side dialling', async (_, encrypters, expected) => {
  const [one, node] = [await host(), await plainNode(encrypters)]
  const two = await host()
  const nodeId = node.peerId.toString()
  expect(await one.connect(String(node.getMultiaddrs()[0]))).toBe(nodeId)
  expect(one.libp2p.getConnections()[0]?.encryption).toBe(expected)
  const { multiaddr } = await import('@multiformats/multiaddr')
  await node.dial(multiaddr(addressOf(two)))
  await expect.poll(async () => (await two.peers()).map(({ peer }) => peer)).toEqual([nodeId])
})

describe('connect', () => {
  test.each([
    'nonsense',
    '',
    '/ip4/127.0.0.1',
    '/ip4/127.0.0.1/udp/4001/quic-v1',
    '/ip4/127.0.0.1/tcp/4001/http',
    '/ip4/127.0.0.1/tcp/99999',
    '/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN',
    '/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN/p2p-circuit',
    '/ip4/127.0.0.1/tcp/4001/p2p/nobody',
  ])('refuses the address "%s"', async (address) => {
    expect(await codeOf((await host()).connect(address))).toBe('INVALID')
  })

  test('refuses its own address, named or not', async () => {
    const one = await host()
    expect(await codeOf(one.connect(addressOf(one)))).toBe('INVALID')
    expect(await codeOf(one.connect(addressOf(one).replace(/\/p2p\/.*/, '')))).toBe('INVALID')
  })

  test('takes whoever answers when no peer is named', async () => {
    const [one, two] = [await host(), await host()]
    expect(await one.connect(addressOf(two).replace(/\/p2p\/.*/, ''))).toBe(two.peerId)
  })

  test.each([
    ['TLS', [tls()]],
    ['Noise', [noise()]],
  ])('is denied by another peer than the named one, over %s', async (_, encrypters) => {
    const [one, node] = [await host(), await plainNode(encrypters)]
    const address = String(node.getMultiaddrs()[0]).replace(/\/p2p\/.*/, `/p2p/${generateIdentity().peerId}`)
    expect(await codeOf(one.connect(address))).toBe('DENIED')
    expect(await one.peers()).toEqual([])
  })

  test('reports a closed port, and a server that never answers', async () => {
    const one = await host({ dialTimeoutMs: 200 })
    const silent = await server()
    expect(await codeOf(one.connect(`/ip4/127.0.0.1/tcp/${silent.port}`))).toBe('UNAVAILABLE')
    const gone = await server()
    gone.server.close()
    expect(await codeOf(one.connect(`/ip4/127.0.0.1/tcp/${gone.port}`))).toBe('UNAVAILABLE')
  })

  test('rejects with the reason of its signal', async () => {
    const one = await host()
    const { port } = await server()
    const reason = new Error('enough')
    const controller = new AbortController()
    const connecting = one.connect(`/ip4/127.0.0.1/tcp/${port}`, { signal: controller.signal })
    controller.abort(reason)
    await expect(connecting).rejects.toBe(reason)
    await expect(one.connect(LOOPBACK, { signal: controller.signal })).rejects.toBe(reason)
  })
})

describe('openHost', () => {
  test.each([
    'nonsense',
    '/ip4/127.0.0.1',
    '/ip4/127.0.0.1/udp/0/quic-v1',
    '/ip4/127.0.0.1/tcp/0/wss',
    '/dns4/localhost/tcp/0',
  ])('refuses to listen on "%s"', async (address) => {
    expect(await codeOf(host({}, [LOOPBACK, address]))).toBe('INVALID')
  })

  test('reports a taken port and leaves nothing listening', async () => {
    const taken = await server()
    const free = await server()
    free.server.close()
    await once(free.server, 'close')
    const addresses = [`/ip4/127.0.0.1/tcp/${free.port}`, `/ip4/127.0.0.1/tcp/${taken.port}`]
    expect(await codeOf(host({}, addresses))).toBe('CONFLICT')
    // The free port is free again.
    await host({}, [`/ip4/127.0.0.1/tcp/${free.port}`])
  })

  test('reports an address of another machine', async () => {
    expect(await codeOf(host({}, ['/ip4/192.0.2.1/tcp/0']))).toBe('UNAVAILABLE')
  })

  test('needs no address to dial', async () => {
    const [one, two] = [await host({}, []), await host()]
    expect(one.addresses()).toEqual([])
    expect(await one.connect(addressOf(two))).toBe(two.peerId)
  })
})

test('the id of a host is that of its identity', async () => {
  const identity = generateIdentity()
  const one = await openHost({ identity, listen: [] })
  opened.push(() => one.close())
  expect(one.peerId).toBe(identity.peerId)
})

test('a closed host says so and may be closed again', async () => {
  const [one, two] = [await host(), await host()]
  await one.connect(addressOf(two))
  await one.close()
  await one.close()
  expect(await codeOf(one.connect(addressOf(two)))).toBe('UNAVAILABLE')
  expect(await codeOf(one.peers())).toBe('UNAVAILABLE')
  expect(await codeOf(one.ping(two.peerId))).toBe('UNAVAILABLE')
  await expect.poll(() => two.peers()).toEqual([])
})

test('a process with closed hosts ends by itself', async () => {
  const script = fileURLToPath(new URL('open-and-close.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=source', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [[output], [exitCode]] = await Promise.all([once(child.stdout, 'data'), once(child, 'exit')])
  expect([String(output), exitCode]).toEqual(['closed', 0])
})

test('an RSA key of another node is no obstacle', async () => {
  const node = await createLibp2p({
    privateKey: await generateKeyPair('RSA', 2048),
    addresses: { listen: [LOOPBACK] },
    transports: [tcp()],
    connectionEncrypters: [tls(), noise()],
    streamMuxers: [yamux()],
  })
  opened.push(async () => node.stop())
  const one = await host()
  expect(await one.connect(String(node.getMultiaddrs()[0]))).toBe(node.peerId.toString())
})

test('a burst of streams on a connection that is just being made is served', async () => {
  const listening = await host()
  let received = 0
  const serve = (stream: Stream) => {
    received++
    void stream.close()
  }
  await listening.libp2p.handle('/cairn-test/1', serve, { maxInboundStreams: 100 })
  const [address = ''] = listening.addresses()
  for (let round = 1; round <= 10; round++) {
    const peer = await plainNode([noise()])
    const connection = await peer.dial(readMultiaddr(address))
    const streams = Array.from({ length: 60 }, () => connection.newStream('/cairn-test/1'))
    for (const stream of await Promise.all(streams)) await stream.close()
    await expect.poll(() => received).toBe(60 * round)
  }
})

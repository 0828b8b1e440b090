// Run as a process by host.test.ts: opens and connects two hosts, fails to open a third, closes, and has to end by itself.
import { openHost } from '../src/host.ts'
import { generateIdentity } from '../src/identity/identity.ts'

const LOOPBACK = '/ip4/127.0.0.1/tcp/0'
const one = await openHost({ identity: generateIdentity(), listen: [LOOPBACK] })
const two = await openHost({ identity: generateIdentity(), listen: [LOOPBACK] })
const [address = ''] = two.addresses()
await one.connect(address)
await one.ping(two.peerId)
const taken = address.replace(/\/p2p\/.*/, '')
const third = await openHost({ identity: generateIdentity(), listen: [LOOPBACK, taken] }).catch(() => undefined)
if (third !== undefined) throw new Error('opened on a taken port')
await Promise.all([one.close(), two.close()])
process.stdout.write('closed')

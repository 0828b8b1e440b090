// `exchange-webtorrent.ts seed FILE TORRENT PIECE` and `exchange-webtorrent.ts get FOLDER TORRENT PORT`: both sides of a
// transfer by WebTorrent over TCP on loopback, without encryption, which it does in JavaScript. No tracker, DHT, LAN
// discovery, peer exchange, port mapping, uTP or WebRTC: the native module of the last is stood in for by nothing.
import { once, type EventEmitter } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { registerHooks } from 'node:module'
import { mark } from '../bench/mark.ts'

interface Torrent extends EventEmitter {
  readonly torrentFile: Uint8Array
  addPeer(address: string): boolean
}

interface Client extends EventEmitter {
  readonly torrentPort: number
  seed(path: string, options: object): Torrent
  add(torrent: Uint8Array, options: object): Torrent
}

type ClientClass = new (options: object) => Client

const NOTHING = `data:text/javascript,export class RTCPeerConnection {}
export class RTCSessionDescription {}
export class RTCIceCandidate {}
export default {}`

registerHooks({
  resolve: (name, context, next) =>
    name === 'webrtc-polyfill' ? { url: NOTHING, shortCircuit: true } : next(name, context),
})

const WebTorrent = await load()
const client = new WebTorrent({
  tracker: false,
  dht: false,
  lsd: false,
  utPex: false,
  natUpnp: false,
  natPmp: false,
  utp: false,
  webSeeds: false,
  secure: 0,
  // It hands this to `Server.listen`, and would listen on all interfaces otherwise.
  torrentPort: { port: 0, host: '127.0.0.1' },
})
client.on('error', (error) => {
  throw error
})

const [role, path = '', torrentPath = '', number] = process.argv.slice(2)
if (role === 'seed') await seed(Number(number))
else await get(Number(number))

async function seed(pieceLength: number): Promise<void> {
  // Without a list of its own, a torrent names public trackers.
  const torrent = client.seed(path, { announce: [], announceList: [], private: true, pieceLength })
  await once(torrent, 'seed')
  await writeFile(torrentPath, torrent.torrentFile)
  mark('listening', client.torrentPort)
}

async function get(port: number): Promise<void> {
  const torrent = client.add(await readFile(torrentPath), { path, private: true })
  torrent.once('wire', () => mark('connected'))
  torrent.once('verified', () => mark('first'))
  torrent.once('done', () => mark('done'))
  await once(torrent, 'ready')
  torrent.addPeer(`127.0.0.1:${port}`)
}

/** WebTorrent of the folder beside this file. */
async function load(): Promise<ClientClass> {
  console.warn = () => undefined // it says that there is no uTP
  const { default: found } = (await import(
    new URL('webtorrent/node_modules/webtorrent/index.js', import.meta.url).href
  )) as { readonly default: ClientClass }
  return found
}

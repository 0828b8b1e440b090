// `npm run bench:peers`, or `npm run bench:peers -- MIB ROUNDS`: a file from one process to another, by Cairn and by others. All
// store it on the disk; only Cairn waits until it is there. WebTorrent is fetched from its registry when it runs first.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { unixfs } from '@helia/unixfs'
import { FsBlockstore } from 'blockstore-fs'
import { createHeliaLight } from 'helia'
import { writeAll } from '../bench/content.ts'
import { cairnMover, compareMovers, fillRepo, type Mover } from '../bench/exchange.ts'
import { randomPieces } from '../bench/random-bytes.ts'
import { inFolder } from '../bench/temp-folder.ts'
import { installed } from '../bench/watched-process.ts'

const MIB = 1024 * 1024
const LISTENING = /^listening \S+ (\S+)$/
const WEBTORRENT = new URL('webtorrent/', import.meta.url).pathname

const [sizeMib = 512, rounds = 3] = process.argv.slice(2).map(Number)

await inFolder(async (folder) => {
  const file = join(folder, 'file')
  await writeAll(file, randomPieces(sizeMib, MIB))
  const { repo, root } = await fillRepo(join(folder, 'source'), { sizeMib, chunkKib: 1024 })
  if (!existsSync(join(WEBTORRENT, 'node_modules')))
    await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--omit=optional'], { cwd: WEBTORRENT })
  console.log(`${sizeMib} MiB between two processes, chunks of 1 MiB; medians of ${rounds} rounds after one`)
  const movers = [
    cairnMover(repo, root, 'read'),
    cairnMover(repo, root, 'pin'),
    await heliaMover(folder, root),
    webTorrentMover(folder, file),
  ]
  await compareMovers(movers, { sizeMib, rounds })
})

async function heliaMover(folder: string, root: string): Promise<Mover> {
  const source = join(folder, 'helia')
  const blockstore = new FsBlockstore(source)
  await blockstore.open()
  const helia = createHeliaLight({ blockstore })
  await helia.start()
  const added = await unixfs(helia).addByteStream(randomPieces(sizeMib, MIB))
  await helia.stop()
  if (added.toString() !== root) throw new Error(`Helia made ${added}, and Cairn ${root}`)
  const script = import.meta.resolve('./exchange-helia.ts')
  return {
    name: 'Helia, blockstore-fs, cat',
    route: async (target) => ({
      source: installed(script, ['serve', source]),
      addressLine: LISTENING,
      target: (address) => installed(script, ['fetch', join(target, 'store'), address, root]),
    }),
  }
}

function webTorrentMover(folder: string, file: string): Mover {
  const torrent = join(folder, 'torrent')
  const script = import.meta.resolve('./exchange-webtorrent.ts')
  return {
    name: 'WebTorrent, TCP, file',
    async route(target) {
      await mkdir(join(target, 'files'))
      return {
        source: installed(script, ['seed', file, torrent, MIB]),
        addressLine: LISTENING,
        target: (port) => installed(script, ['get', join(target, 'files'), torrent, port]),
      }
    },
  }
}

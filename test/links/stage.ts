// Cairn in a room: repos on disk, daemons by the command line, and readers, each in a namespace. Closing a stage ends all.
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { PROFILES, type ImportSettings } from '@cairn/core'
import { createRepo, openNode, type Config } from '@cairn/node'
import { randomPieces } from '../bench/random-bytes.ts'
import { openRoom, type Corner, type LinkQuality, type Room } from './links.ts'
import type { Order, Report } from './reader.ts'

const CLI = fileURLToPath(new URL('../bin/cairn.js', import.meta.resolve('@cairn/cli')))
const PIECE_BYTES = 64 * 1024
const PORT = 4001

/** A process that answers each line with a line. */
export interface Talker {
  ask(line: string): Promise<string>
  end(): Promise<void>
}

/** A node that does what it is told. */
export interface Reader {
  order(order: Order): Promise<Report>
  end(): Promise<void>
}

/** What a file is made of, and how it is cut. */
export interface AddOptions extends Partial<ImportSettings> {
  readonly seed?: number
}

/** A room with a folder for repos. */
export class Stage implements AsyncDisposable {
  readonly room: Room
  readonly folder: string

  private constructor(room: Room, folder: string) {
    this.room = room
    this.folder = folder
  }

  static async open(links: readonly LinkQuality[]): Promise<Stage> {
    const folder = await mkdtemp(join(tmpdir(), 'cairn-links-'))
    try {
      return new Stage(await openRoom(links), folder)
    } catch (error) {
      await rm(folder, { recursive: true })
      throw error
    }
  }

  corner(index: number): Corner {
    const corner = this.room.corners[index]
    if (corner === undefined) throw new TypeError(`There is no corner ${index}`)
    return corner
  }

  /** A new repo, whose config `change` may alter. */
  async repo(name: string, change: (config: Config) => object = (config) => config): Promise<string> {
    const path = join(this.folder, name)
    const config = await createRepo(path, 'test')
    await writeFile(join(path, 'config'), JSON.stringify(change(config)))
    return path
  }

  /** Adds a file of `bytes` that do not compress, the same for the same seed. Gives its CID. */
  async add(repo: string, bytes: number, { seed = 0, ...settings }: AddOptions = {}): Promise<string> {
    await using node = await openNode(repo)
    const content = async function* (): AsyncGenerator<Uint8Array> {
      let left = bytes
      for (const piece of randomPieces(Math.ceil(bytes / PIECE_BYTES), PIECE_BYTES, seed)) {
        yield piece.subarray(0, left)
        left -= piece.length
      }
    }
    const options = { settings: { ...PROFILES['unixfs-v1-2025'], ...settings } }
    let root = ''
    for await (const event of node.add({ name: 'file', source: { kind: 'file', content } }, options)) {
      if (event.kind === 'entry') root = event.cid.toString()
    }
    return root
  }

  /** A daemon by the command line in a corner. Gives its address once it is ready. */
  async daemon(index: number, repo: string): Promise<string> {
    const corner = this.corner(index)
    const listen = `/ip4/${corner.address}/tcp/${PORT}`
    const child = corner.spawn(process.execPath, [CLI, '--repo', repo, 'daemon', '--listen', listen], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = linesOf(child)
    for (let address = ''; ;) {
      const line = await nextOf(lines)
      address = /^Swarm listening on (\S+)$/.exec(line)?.[1] ?? address
      if (line === 'Daemon is ready') return address
    }
  }

  /** A reader in a corner, connected to `addresses`; one without any listens, so that others may find it. */
  async reader(index: number, repo: string, addresses: readonly string[]): Promise<Reader> {
    const listen = addresses.length > 0 ? [] : [`/ip4/${this.corner(index).address}/tcp/${PORT}`]
    const talker = await this.talker(index, 'reader.ts', repo, ...listen)
    const order = async (given: Order): Promise<Report> => {
      const report = JSON.parse(await talker.ask(JSON.stringify(given))) as Report
      if (report.error !== undefined) throw new Error(report.error)
      return report
    }
    if (addresses.length > 0) await order({ verb: 'connect', addresses })
    return { order, end: () => talker.end() }
  }

  /** Where others reach a reader that listens. */
  async addressOf(index: number, repo: string): Promise<string> {
    const { Identity } = JSON.parse(await readFile(join(repo, 'config'), 'utf8')) as Config
    return `/ip4/${this.corner(index).address}/tcp/${PORT}/p2p/${Identity.PeerID}`
  }

  /** Runs a module of this folder in a corner, until it has said that it is ready. */
  async talker(index: number, file: string, ...args: readonly string[]): Promise<Talker> {
    const path = fileURLToPath(new URL(file, import.meta.url))
    const options = ['--conditions=source', '--max-semi-space-size=8', '--initial-heap-size=96']
    const child = this.corner(index).spawn(process.execPath, [...options, path, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const lines = linesOf(child)
    await nextOf(lines)
    return {
      ask(line) {
        child.stdin?.write(`${line}\n`)
        return nextOf(lines)
      },
      async end() {
        const ended = new Promise((resolve) => child.once('exit', resolve))
        child.stdin?.end()
        child.kill('SIGKILL')
        await ended
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.room[Symbol.asyncDispose]()
    await rm(this.folder, { recursive: true, force: true })
  }
}

function linesOf(child: ChildProcess): AsyncIterator<string> {
  if (child.stdout === null) throw new TypeError('The process has no output to read')
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]()
}

async function nextOf(lines: AsyncIterator<string>): Promise<string> {
  const { value, done } = await lines.next()
  if (done === true) throw new Error('the process has ended')
  return value
}

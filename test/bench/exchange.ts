// A file from one process to another on this machine, into a durable store: Cairn's exchange beside a bare TLS socket, whose
// receiver does with each chunk what the store would do, or less.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRepo, openNode } from '@cairn/node'
import { PROFILES } from '@cairn/core'
import { drain, writeAll } from './content.ts'
import { randomPieces } from './random-bytes.ts'
import { median, spread } from './report.ts'
import { inFolder } from './temp-folder.ts'
import { transfer, type Route, type Transfer } from './transfer.ts'
import { installed } from './watched-process.ts'

const MIB = 1024 * 1024

/** Chunks of today's default, and of the files that Kubo has made for ten years. */
export const EXCHANGE_CHUNKS_KIB = [1024, 256] as const

/** Who moves the file: a way to begin with an empty folder. @public for `test/interop` */
export interface Mover {
  readonly name: string
  readonly route: (folder: string) => Promise<Route>
}

/** What is moved, how often. */
export interface ExchangeOptions {
  readonly sizeMib: number
  readonly chunkKib: number
  readonly rounds: number
}

/** Prints the rows about one file and one size of chunks. */
export async function benchExchange(options: ExchangeOptions): Promise<void> {
  console.log(`\n${options.sizeMib} MiB between two processes, chunks of ${options.chunkKib} KiB`)
  await inFolder(async (folder) => {
    const file = join(folder, 'file')
    await writeAll(file, randomPieces(options.sizeMib, MIB))
    const { repo, root } = await fillRepo(join(folder, 'source'), options)
    const movers = [
      cairnMover(repo, root, 'read'),
      cairnMover(repo, root, 'pin'),
      socketMover(file, 'store', options),
      socketMover(file, 'files', options),
    ]
    await compareMovers(movers, options)
  })
}

/** A new repo with a file of random bytes, and the CID of that. @public for `test/interop` */
export async function fillRepo(repo: string, options: Omit<ExchangeOptions, 'rounds'>) {
  await createRepo(repo, 'test')
  await using node = await openNode(repo)
  const content = async function* () {
    yield* randomPieces(options.sizeMib, MIB)
  }
  const settings = { ...PROFILES['unixfs-v1-2025'], chunker: `size-${options.chunkKib * 1024}` }
  const { cid } = await drain(node.add({ name: 'file', source: { kind: 'file', content } }, { settings }))
  return { repo, root: cid.toString() }
}

/** A daemon on `repo`, and a node that reads or pins `root`. @public for `test/interop` */
export function cairnMover(repo: string, root: string, how: 'read' | 'pin'): Mover {
  const cli = fileURLToPath(new URL('../bin/cairn.js', import.meta.resolve('@cairn/cli')))
  return {
    name: `Cairn, ${how}`,
    async route(folder) {
      await createRepo(join(folder, 'target'), 'test')
      return {
        source: ['--max-semi-space-size=8', '--initial-heap-size=96', cli, '--repo', repo, 'daemon'],
        addressLine: /^Swarm listening on (\S+)$/,
        target: (address) => installed('exchange-fetch.ts', [join(folder, 'target'), address, root, how]),
      }
    },
  }
}

function socketMover(file: string, kind: 'store' | 'files', { sizeMib, chunkKib }: ExchangeOptions): Mover {
  return {
    name: kind === 'store' ? "TLS socket, hash, Cairn's store" : 'TLS socket, hash, files, no sync',
    async route(folder) {
      const target = join(folder, 'target')
      await mkdir(target)
      return {
        source: installed('exchange-socket.ts', ['send', file]),
        addressLine: /^listening \S+ (\d+)$/,
        target: (port) =>
          installed('exchange-socket.ts', ['receive', port, sizeMib * MIB, chunkKib * 1024, kind, target]),
      }
    },
  }
}

/**
 * Runs all in turn, so that a slow moment of the machine meets all, and prints a row each: medians, and the rate of the first
 * as a ratio to that of the others.
 *
 * @public for `test/interop`
 */
export async function compareMovers(
  movers: readonly Mover[],
  { sizeMib, rounds }: Omit<ExchangeOptions, 'chunkKib'>,
): Promise<void> {
  const rounded: Transfer[][] = movers.map(() => [])
  // The first round fills the caches of the system and is not counted.
  for (let round = 0; round <= rounds; round++) {
    for (const [number, mover] of movers.entries()) {
      const run = await inFolder(async (folder) => transfer(await mover.route(folder)))
      if (round > 0) rounded[number]?.push(run)
    }
  }
  console.log(HEADING)
  const [own = []] = rounded
  for (const [number, { name }] of movers.entries()) {
    const runs = rounded[number] ?? []
    const ratios = runs.map((run, round) => run.seconds / (own[round]?.seconds ?? Number.NaN))
    console.log(`${figures(name, sizeMib, runs)}   ${number === 0 ? '' : spread(ratios)}`.trimEnd())
  }
}

const NAME_WIDTH = 34
const CELL_WIDTH = 16

const HEADINGS = ['MB/s', 'CPU s', 'peak RSS, MiB', 'first byte, ms', 'cold start, ms', 'twice, KiB']
const HEADING = `${row('what; both sides: source + target', HEADINGS)}   rate of the first to it`

function figures(name: string, sizeMib: number, runs: readonly Transfer[]): string {
  const of = (value: (run: Transfer) => number, digits = 0): string => median(runs.map(value)).toFixed(digits)
  return row(name, [
    of(({ seconds }) => (sizeMib * MIB) / 1e6 / seconds),
    `${of(({ source }) => source.cpuSeconds, 2)} + ${of(({ target }) => target.cpuSeconds, 2)}`,
    `${of(({ source }) => source.peakRssMiB)} + ${of(({ target }) => target.peakRssMiB)}`,
    of(({ firstByteMs }) => firstByteMs),
    of(({ coldMs }) => coldMs),
    of(({ duplicateBytes }) => duplicateBytes / 1024),
  ])
}

function row(name: string, cells: readonly string[]): string {
  return name.padEnd(NAME_WIDTH) + cells.map((cell) => cell.padStart(CELL_WIDTH)).join('')
}

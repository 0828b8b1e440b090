// The main job, end to end, with nothing but the command line: one node adds and pins a real folder, a second one in
// another process gets it by CID, and every byte is compared. Talks to 127.0.0.1 only and leaves nothing behind.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { compareTrees } from './compare-trees.ts'
import { drawDirectory, drawTable } from './picture.ts'
import { makeFolder } from './sample-folder.ts'

const CLI = join(import.meta.dirname, '../../packages/cli/bin/cairn.js')

/** Milliseconds after which a step is given up: it takes some seconds on a slow machine. */
const STEP_TIMEOUT_MS = 300_000

interface Saved {
  readonly Files: number
  readonly Bytes: number
  readonly Exchange: { readonly BlocksReceived: number; readonly DupBlksReceived: number }
}

const folder = await mkdtemp(join(tmpdir(), 'cairn-demo-'))
try {
  await demo(folder)
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function demo(base: string): Promise<void> {
  const [source, target, one, two] = ['source', 'copy', 'one', 'two'].map((name) => join(base, name)) as [
    string,
    string,
    string,
    string,
  ]

  step('Make a folder: these sources, a file of 256 MiB, an empty one, one with a unicode name')
  await makeFolder(source)

  step('Make two repos, each with an identity of its own')
  for (const repo of [one, two]) await cairn(['--repo', repo, 'init', '--profile', 'test'])

  step('Node one: cairn add -r -H folder')
  const addStartedMs = performance.now()
  const root = (await cairn(['--repo', one, 'add', '-r', '-H', '-Q', source])).trim()
  const addSeconds = (performance.now() - addStartedMs) / 1000
  console.log(`  pinned, and the root is ${root}`)
  await cairn(['--repo', one, 'pin', 'ls', '--type', 'recursive', root])
  drawDirectory(await cairn(['--repo', one, 'ls', root]))
  const { NumObjects: blocks } = JSON.parse(await cairn(['--repo', one, 'repo', 'stat', '--json'])) as {
    NumObjects: number
  }

  step('Node one: cairn daemon')
  const daemon = spawn(process.execPath, [CLI, '--repo', one, 'daemon'], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const address = await addressOf(daemon)
    console.log(`  ${address}`)

    step('Node two, in a process of its own: cairn get, from node one')
    const getStartedMs = performance.now()
    const saved = JSON.parse(
      await cairn(['--repo', two, 'get', '--json', '--peer', address, '-o', target, root]),
    ) as Saved
    const getSeconds = (performance.now() - getStartedMs) / 1000

    step('Compare every byte')
    const { files, bytes } = await compareTrees(source, target)
    console.log(`  ${files} files, ${bytes} bytes: the same`)

    const rate = (seconds: number) => `${(bytes / 1e6 / seconds).toFixed(0)} MB/s`
    drawTable([
      ['files', String(saved.Files)],
      ['blocks', String(blocks)],
      ['add, durable', rate(addSeconds)],
      ['fetch, verified and durable', rate(getSeconds)],
      ['blocks received', String(saved.Exchange.BlocksReceived)],
      ['of these duplicates', String(saved.Exchange.DupBlksReceived)],
    ])
    console.log('Rates are of whole processes on this machine, start and disk included.')
  } finally {
    daemon.kill('SIGINT')
    if (daemon.exitCode === null) await once(daemon, 'exit')
  }
}

function step(title: string): void {
  console.log(`\n▸ ${title}`)
}

/** Runs one command to its end and gives its output; its progress and messages go to the terminal. */
async function cairn(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [CLI, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: STEP_TIMEOUT_MS,
  })
  const [output, [code]] = await Promise.all([child.stdout.setEncoding('utf8').toArray(), once(child, 'exit')])
  if (code !== 0) throw new Error(`cairn ${args.join(' ')} ended with ${String(code)}`)
  return output.join('')
}

/** The first address that a starting daemon prints. */
async function addressOf(daemon: ChildProcess): Promise<string> {
  if (daemon.stdout === null) throw new TypeError('the output of the daemon must be a pipe')
  let address: string | undefined
  for await (const line of createInterface(daemon.stdout)) {
    address ??= /^Swarm listening on (\S+)/.exec(line)?.[1]
    if (line === 'Daemon is ready' && address !== undefined) return address
  }
  throw new Error('the daemon ended before it was ready')
}

// Child process of hostile.test.ts. `build` stores DAGs and prints their roots; `run` runs one command on one of them and prints how it
// ended, how long it took and the most memory that the process had.
import { readFileSync } from 'node:fs'
import { createBlock, parseCid, type Block } from '@cairn/core'
import { createRepo, openNode, readRepo } from '@cairn/node'
import { COMMANDS, type CommandInput } from '@cairn/rpc'
import { HOSTILE, hostileDag, UNREADABLE } from './hostile-dags.ts'

/** How a command ended. */
export interface HostileRun {
  /** Code of the error, `done`, or `stopped` when it had given as much as was to be taken. */
  readonly code: string
  readonly ms: number
  /** Most memory of its own; pages of files that the system has mapped into it go when somebody needs the room. */
  readonly peakBytes: number
}

/** Events and bytes that are taken of a command, so that what may rightly be endless ends. */
const EVENTS_MAX = 3_000_000
const BYTES_MAX = 256 * 1024 * 1024
/** Milliseconds between two looks at the memory. */
const LOOK_MS = 50

const [mode, repo = '', ...words] = process.argv.slice(2)
console.log(JSON.stringify(mode === 'build' ? await build(Number(words[0]), words.slice(1)) : await run(words)))

async function build(nodes: number, wanted: readonly string[]): Promise<Record<string, string>> {
  await createRepo(repo, 'test')
  const node = await openNode(repo)
  const roots: Record<string, string> = {}
  for (const name of HOSTILE) {
    if (!wanted.includes(name)) continue
    let batch: Block[] = []
    let root = createBlock(new Uint8Array(0), { codec: 0x55 })
    for (const block of hostileDag(name, nodes)) {
      root = block
      batch.push(block)
      if (batch.length < 4096 && block.bytes.length < 100_000) continue
      await node.store.putMany(batch)
      batch = []
    }
    await node.store.putMany(batch)
    // As an import does, which knows that all is here.
    if (!UNREADABLE.includes(name)) await node.pins.record(root.cid)
    roots[name] = root.cid.toString()
  }
  await node.close()
  return roots
}

async function run([group = '', name = '', root = '']: readonly string[]): Promise<HostileRun> {
  const path = name === '' ? [group] : [group, name]
  const command = COMMANDS.find((each) => each.path.join(' ') === path.join(' '))
  if (command === undefined) throw new Error(`there is no command ${path.join(' ')}`)
  const node = await openNode(repo)
  const pinned = await node.pins.get(parseCid(root))
  if (group === 'pin' && pinned !== undefined) await node.pins.remove(pinned.cid)
  const input: CommandInput = {
    args: group === 'repo' ? [] : [root],
    sources: [],
    options: group === 'refs' ? { recursive: true, unique: true } : {},
    node: async () => node,
    reader: async () => node.blocks,
    repo: () => readRepo(repo),
    agentVersion: 'cairn/test',
    signal: new AbortController().signal,
  }
  let peakBytes = ownBytes()
  const looking = setInterval(() => (peakBytes = Math.max(peakBytes, ownBytes())), LOOK_MS)
  const start = performance.now()
  let code = 'done'
  try {
    let [events, bytes] = [0, 0]
    for await (const event of command.run(input)) {
      events++
      if (event instanceof Uint8Array) bytes += event.length
      else if (isBytes(event)) bytes += event.bytes.length
      if (events < EVENTS_MAX && bytes < BYTES_MAX) continue
      code = 'stopped'
      break
    }
  } catch (error) {
    code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
  const ms = Math.round(performance.now() - start)
  clearInterval(looking)
  peakBytes = Math.max(peakBytes, ownBytes())
  if (pinned !== undefined) await node.pins.record(pinned.cid)
  await node.close()
  return { code, ms, peakBytes }
}

/** Resident memory without the pages of files; where the system does not tell them apart, the most there ever was of both. */
function ownBytes(): number {
  try {
    const [, kib] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
    if (kib !== undefined) return Number(kib) * 1024
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  return process.resourceUsage().maxRSS * 1024
}

function isBytes(event: unknown): event is { readonly bytes: Uint8Array } {
  return typeof event === 'object' && event !== null && 'bytes' in event && event.bytes instanceof Uint8Array
}

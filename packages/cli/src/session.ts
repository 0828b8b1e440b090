// What one run of the command line works with: repo, node, signal, output. The node opens at its first use.
import { CairnError, type Loggers } from '@cairn/core'
import type { OnlineOptions, RecoveryEvent, Swarm } from '@cairn/node'
import type { CidFormOptions, CommandInput, RpcClient } from '@cairn/rpc'
import { Interrupted } from './exit-code.ts'
import { Output } from './terminal/output.ts'
import { PeerWatch } from './peer-watch.ts'
import type { RecoveryReport } from './terminal/recovery-report.ts'
import type { TraceOutput } from './terminal/trace-output.ts'

/** Where a trace goes that names no file. */
export const STANDARD_ERROR = '-'

/** Options that every command takes. */
export interface GlobalOptions {
  /** Folder of the repo. */
  readonly repo?: string | undefined
  readonly timeoutMs?: number | undefined
  readonly json: boolean
  /** Multiaddrs of peers to fetch from. */
  readonly peers: readonly string[]
  /** Where to tell what happens to each block: a file, or {@link STANDARD_ERROR}. */
  readonly trace?: string | undefined
  /** Multiaddr of the RPC of the node that does the work, which need not be one on the repo. */
  readonly api?: string | undefined
  /** What the RPC is told of who calls, as `bearer:TOKEN` or `basic:USER:PASSWORD`. */
  readonly apiAuth?: string | undefined
  /** How CIDs in results are printed. */
  readonly cidForm?: CidFormOptions | undefined
}

type OpenNode = CommandInput['node']
type Node = Awaited<ReturnType<OpenNode>>

/** How the node is opened. */
interface OpenOptions {
  /** Present for a node that has to be online. */
  readonly online?: OnlineOptions | undefined
  /** Whether to tell that damage may have taken pins; true by default. */
  readonly tellsLostPins?: boolean
  readonly logs?: Loggers | undefined
}

/** Milliseconds that a daemon has, when the time of a command is over, to say what it has waited for. */
const DAEMON_GRACE_MS = 1000

/** Owns everything that a run opens. */
export class Session implements AsyncDisposable {
  readonly globals: GlobalOptions
  readonly output: Output
  /** Aborts on Ctrl-C, when the time is over, and when nobody reads the output any more. */
  readonly signal: AbortSignal
  readonly #stop = new AbortController()
  /** When the time is over, on the clock of `performance`. */
  readonly #deadlineMs: number | undefined
  #timer: NodeJS.Timeout | undefined
  #node: Promise<Node> | undefined
  #remote: Promise<RpcClient | undefined> | undefined
  #swarm: Swarm | undefined
  #peerWatch: PeerWatch | undefined
  #trace: TraceOutput | undefined
  #recovery: Promise<RecoveryReport> | undefined
  #write = (line: string): void => void process.stderr.write(`${line}\n`)
  #onClosed: (() => void) | undefined

  constructor(globals: GlobalOptions) {
    const { timeoutMs } = globals
    this.globals = globals
    this.output = new Output(process.stdout, this.#stop.signal)
    this.signal = this.output.signal
    process.on('SIGINT', this.#interrupt).on('SIGTERM', this.#interrupt)
    if (timeoutMs === undefined) return
    this.#deadlineMs = performance.now() + timeoutMs
    this.#stopAfter(timeoutMs)
  }

  /** The node on the repo: online when peers are named or `online` is given, opened once. */
  node(options: OpenOptions = {}): Promise<Node> {
    this.#node ??= this.#openNode(options)
    return this.#node
  }

  /** The node as it was opened in this process, if it was. */
  opened(): Promise<Node | undefined> {
    return this.#node ?? Promise.resolve(undefined)
  }

  /** The daemon that runs on the repo, which then does the work, or `undefined` where this process does it. */
  async remote(): Promise<RpcClient | undefined> {
    const { findDaemon } = await import('./daemon/find-daemon.ts')
    this.#remote ??= findDaemon(await this.repoPath(), { ...this.globals, deadlineMs: this.#deadlineMs })
    // It ends calls in time, and knows what they wait for.
    if (this.#deadlineMs !== undefined && (await this.#remote) !== undefined)
      this.#stopAfter(this.#deadlineMs - performance.now() + DAEMON_GRACE_MS)
    return this.#remote
  }

  async repo(): ReturnType<CommandInput['repo']> {
    const { readRepo } = await import('@cairn/node')
    return readRepo(await this.repoPath())
  }

  async repoPath(): Promise<string> {
    const { defaultRepoPath } = await import('@cairn/node/repo-path')
    return this.globals.repo ?? defaultRepoPath()
  }

  /** A message for people, which is not data. */
  say(line: string): void {
    this.#write(line)
  }

  /** From now on `write` takes the messages, each without line feed; `onClosed` is called when all that the run opened is closed. */
  sayBy(write: (line: string) => void, onClosed: () => void): void {
    this.#write = write
    this.#onClosed = onClosed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer)
    this.#peerWatch?.close()
    await this.#trace?.close(this.signal)
    ;(await this.#remote?.catch(() => undefined))?.close()
    await this.#node?.then(
      (node) => node.close(),
      () => undefined, // whoever asked for the node has the error
    )
    await this.#recovery
    this.#onClosed?.()
    process.off('SIGINT', this.#interrupt).off('SIGTERM', this.#interrupt)
  }

  async #openNode({ online, tellsLostPins = true, logs }: OpenOptions): Promise<Node> {
    const { LOST_PINS, openNode } = await import('@cairn/node')
    const { peers, trace } = this.globals
    const wanted = online ?? (peers.length > 0 ? { listen: [] } : undefined)
    const node = await openNode(await this.repoPath(), {
      ...(wanted && { online: wanted }),
      onRecovery: (event) => this.#report(event),
      logs,
    })
    try {
      if (tellsLostPins && (await node.mayLackPins())) {
        await this.#recovery
        this.say(`Warning: ${LOST_PINS}`)
      }
      this.#swarm = node.swarm
      if (trace !== undefined) this.#trace = await openTrace(node, trace)
      if (node.swarm !== undefined && peers.length > 0) await this.#watch(node.swarm).connect({ signal: this.signal })
      return node
    } catch (error) {
      this.#peerWatch?.close()
      await node.close()
      throw error
    }
  }

  /** Loaded only when there is something to tell, which is never for most repos. */
  #report(event: RecoveryEvent): void {
    this.#recovery ??= import('./terminal/recovery-report.ts').then(
      ({ RecoveryReport }) => new RecoveryReport((line) => this.say(line), process.stderr.isTTY && !this.globals.json),
    )
    this.#recovery = this.#recovery.then((report) => {
      report.add(event)
      return report
    })
  }

  #watch(swarm: Swarm): PeerWatch {
    this.#peerWatch = new PeerWatch({
      swarm,
      addresses: this.globals.peers,
      giveUp: (error) => this.#stop.abort(error),
      say: (line) => this.say(line),
    })
    return this.#peerWatch
  }

  #stopAfter(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#stop.abort(this.#tooLate(this.globals.timeoutMs ?? 0)), ms)
  }

  /** The time is over: says what was waited for, if that is a block. */
  #tooLate(timeoutMs: number): CairnError {
    const [cid, ...more] = this.#swarm?.bitswap.stats().wantlist ?? []
    const waiting =
      cid === undefined ? '' : `, no peer sent block ${cid}${more.length > 0 ? ` and ${more.length} more` : ''}`
    return new CairnError('UNAVAILABLE', `Cannot finish in time: ${timeoutMs / 1000} s are over${waiting}`, { cid })
  }

  /** The first signal ends the command cleanly; with a second one the system's own handling comes back. */
  readonly #interrupt = (signal: NodeJS.Signals): void => {
    process.off('SIGINT', this.#interrupt).off('SIGTERM', this.#interrupt)
    this.#stop.abort(new Interrupted(signal === 'SIGTERM' ? 'SIGTERM' : 'SIGINT'))
  }
}

async function openTrace(node: Node, target: string): Promise<TraceOutput> {
  const { openTraceLines, TraceOutput: Trace } = await import('./terminal/trace-output.ts')
  return new Trace(node, await openTraceLines(target))
}

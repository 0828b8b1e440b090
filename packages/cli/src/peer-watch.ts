// The peers that a command was told to fetch from: connects to them, dials again when one goes away, and ends the command
// when none is left that could send what it waits for.
import { CairnError, type AbortOptions, type PeerId } from '@cairn/core'
import type { Swarm } from '@cairn/node'

/** Milliseconds between two looks at the peers. */
const LOOK_MS = 1000
/** Milliseconds without any peer after which a command that waits for a block ends: a daemon restarts in less. */
const ALONE_MS = 10_000
/** Milliseconds after which somebody at a terminal is told what is waited for. */
const SILENCE_MS = 3000

/** What a watch acts on. */
export interface PeerWatchParts {
  readonly swarm: Swarm
  /** Multiaddrs of peers, and URLs of gateways. */
  readonly addresses: readonly string[]
  /** Ends the command. */
  readonly giveUp: (error: CairnError) => void
  /** Tells something that is not data. */
  readonly say: (line: string) => void
}

/** Watches over the peers of one command until it is closed. */
export class PeerWatch {
  readonly #parts: PeerWatchParts
  readonly #peers = new Map<string, PeerId>()
  readonly #timer: NodeJS.Timeout
  readonly #closing = new AbortController()
  #redialling = false
  #aloneSinceMs: number | undefined
  #waiting = { block: '', sinceMs: 0, isTold: false }

  constructor(parts: PeerWatchParts) {
    this.#parts = parts
    this.#timer = setInterval(() => this.#look(), LOOK_MS)
  }

  /** Connects to all; those that cannot be reached are told of while another can. @throws as `Host.connect` when none can */
  async connect({ signal }: AbortOptions = {}): Promise<void> {
    const { addresses, say } = this.#parts
    const results = await Promise.allSettled(addresses.map((address) => this.#dial(address, signal)))
    const failures = results.filter((result) => result.status === 'rejected')
    if (failures.length === results.length) throw failures[0]?.reason
    for (const { reason } of failures) say(reason instanceof Error ? reason.message : String(reason))
  }

  close(): void {
    clearInterval(this.#timer)
    this.#closing.abort()
  }

  async #dial(address: string, signal: AbortSignal | undefined): Promise<void> {
    this.#peers.set(address, await this.#parts.swarm.connect(address, { signal }))
  }

  #look(): void {
    const { wantlist, peers } = this.#parts.swarm.bitswap.stats()
    const [wanted] = wantlist
    const nowMs = performance.now()
    this.#aloneSinceMs = wanted === undefined || peers.length > 0 ? undefined : (this.#aloneSinceMs ?? nowMs)
    if (this.#aloneSinceMs !== undefined && nowMs - this.#aloneSinceMs > ALONE_MS) {
      const message = `Cannot get block ${wanted}: no peer is left, and none could be reached again for ${ALONE_MS / 1000} s`
      this.#parts.giveUp(new CairnError('UNAVAILABLE', message, { cid: wanted }))
    }
    this.#tellWaiting(wanted?.toString() ?? '', peers.length)
    void this.#redial(new Set(peers))
  }

  /** Tells a person once for each block that keeps them waiting. */
  #tellWaiting(block: string, peers: number): void {
    const nowMs = performance.now()
    if (block !== this.#waiting.block) this.#waiting = { block, sinceMs: nowMs, isTold: false }
    if (block === '' || this.#waiting.isTold || nowMs - this.#waiting.sinceMs < SILENCE_MS) return
    this.#waiting.isTold = true
    if (process.stderr.isTTY)
      this.#parts.say(`Waiting for block ${block} from ${peers} ${peers === 1 ? 'peer' : 'peers'}`)
  }

  /** Dials whoever went away. That it fails is no news: the next look tries again. */
  async #redial(connected: ReadonlySet<PeerId>): Promise<void> {
    if (this.#redialling) return
    this.#redialling = true
    const lost = [...this.#peers].filter(([, peer]) => !connected.has(peer))
    await Promise.allSettled(lost.map(([address]) => this.#dial(address, this.#closing.signal)))
    this.#redialling = false
  }
}

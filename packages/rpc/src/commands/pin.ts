// cairn pin add, rm and update.
import { checkPinName, resolvePath, type PinProgress } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { joined } from './answers.ts'
import { eventCommand, type CommandInput, type Progress } from '../command.ts'
import type { OptionSpecs } from './option-spec.ts'
import { PIN_ADDS_AT_ONCE } from '../limits.ts'
import { reported } from '../progress.ts'

const PATHS = { name: 'path', repeat: true, isPiped: true, help: 'CID or path' } as const
const RECURSIVE = { type: 'flag', short: 'r', help: 'the whole DAG below it; on by default' } as const
const NAME = { type: 'text', value: 'NAME', check: checkPinName } as const
const PROGRESS = { type: 'flag', help: 'tell how many blocks and bytes are here; on by default' } as const

export interface PinsEvent {
  readonly Pins: readonly string[]
}

export interface ProgressEvent {
  readonly Progress: number
  readonly Bytes: number
}

const ADD_OPTIONS = {
  recursive: RECURSIVE,
  name: { ...NAME, help: 'a name for the pin; one CID may have several' },
  progress: PROGRESS,
} as const satisfies OptionSpecs

export const pinAdd = eventCommand({
  path: ['pin', 'add'],
  summary: 'Keep content: fetch what is missing and protect it from collection',
  examples: [
    'cairn pin add bafy…',
    'cairn pin add --name holidays bafy…',
    'cairn pin add --recursive=false bafy…',
    'cairn pin add --peer /ip4/127.0.0.1/tcp/4001/p2p/12D3… bafy…',
  ],
  arguments: [PATHS],
  options: ADD_OPTIONS,
  fetches: true,
  async *run(input): AsyncGenerator<PinsEvent | ProgressEvent> {
    const withProgress = input.options.progress !== false
    const adding = new PinsBeingAdded(input)
    const waiting = input.args[Symbol.iterator]()
    const running: Promise<CID>[] = []
    try {
      for (;;) {
        for (let next = waiting.next(); next.done !== true; next = waiting.next()) {
          running.push(adding.start(next.value))
          if (running.length >= PIN_ADDS_AT_ONCE) break
        }
        const first = running.shift()
        if (first === undefined) return
        for await (const event of reported(adding.progressUntil(first))) if (withProgress) yield event
        yield { Pins: [(await first).toString()] }
      }
    } finally {
      await adding.stop(running)
    }
  },
  answer: (events, { progress = false }) => (progress ? events : allPins(events)),
  text: (event, { recursive = true }) =>
    'Pins' in event
      ? event.Pins.map((cid) => `pinned ${cid} ${recursive ? 'recursively' : 'directly'}`).join('\n')
      : undefined,
  progress: progressOf,
})

/** The pins of one call: several are under way, so that small ones share commits. What they report is added up. */
class PinsBeingAdded {
  readonly #input: CommandInput<typeof ADD_OPTIONS>
  readonly #stop = new AbortController()
  #total = { Progress: 0, Bytes: 0 }
  #report: (event: ProgressEvent) => void = () => undefined

  constructor(input: CommandInput<typeof ADD_OPTIONS>) {
    this.#input = input
  }

  /** Pins one path; a failure is told to whoever awaits it. */
  start(path: string): Promise<CID> {
    const pinned = this.#pin(path)
    pinned.catch(() => undefined)
    return pinned
  }

  /** Work for `reported` that reports what all pins have done until one of them ends. */
  progressUntil(pinned: Promise<CID>): (report: (event: ProgressEvent) => void) => Promise<void> {
    return async (report) => {
      this.#report = report
      await pinned
    }
  }

  /** Ends what still runs. */
  async stop(running: readonly Promise<CID>[]): Promise<void> {
    this.#stop.abort(new Error('The command has ended'))
    await Promise.allSettled(running)
  }

  async #pin(path: string): Promise<CID> {
    const { recursive = true, name } = this.#input.options
    const signal = AbortSignal.any([this.#input.signal, this.#stop.signal])
    const { blocks, pins } = await this.#input.node()
    const cid = await resolvePath(blocks, path, { signal })
    let before: PinProgress = { blocks: 0, bytes: 0 }
    const onProgress = (now: PinProgress): void => {
      this.#total = {
        Progress: this.#total.Progress + now.blocks - before.blocks,
        Bytes: this.#total.Bytes + now.bytes - before.bytes,
      }
      before = now
      this.#report(this.#total)
    }
    const type = recursive ? 'recursive' : 'direct'
    await pins.add(cid, { type, blocks, signal, onProgress, ...(name === undefined ? {} : { name }) })
    return cid
  }
}

export const pinRm = eventCommand({
  path: ['pin', 'rm'],
  summary: 'Stop keeping content; the next collection may take it',
  examples: ['cairn pin rm bafy…', 'cairn pin rm --name holidays bafy…   stays pinned while it has other names'],
  arguments: [PATHS],
  options: {
    recursive: RECURSIVE,
    name: { ...NAME, help: 'remove only this name; what was also pinned without one stays' },
  },
  async *run({ args, options: { recursive = true, name }, node, signal }): AsyncGenerator<PinsEvent> {
    const { local, pins } = await node()
    for (const path of args) {
      const cid = await resolvePath(local, path, { signal })
      await pins.remove(cid, { recursive, ...(name === undefined ? {} : { name }) })
      yield { Pins: [cid.toString()] }
    }
  },
  answer: (events) => joined('Pins')(events),
  text: (event, { name }) =>
    event.Pins.map((cid) =>
      name === undefined ? `unpinned ${cid}` : `unpinned ${cid} as ${JSON.stringify(name)}`,
    ).join('\n'),
})

export const pinUpdate = eventCommand({
  path: ['pin', 'update'],
  summary: 'Pin a new version of what is pinned, with its names; only what differs is looked at',
  examples: ['cairn pin update bafyOLD… bafyNEW…', 'cairn pin update --unpin=false bafyOLD… bafyNEW…'],
  arguments: [
    { name: 'from', help: 'CID or path of what is pinned recursively' },
    { name: 'to', help: 'CID or path of its new version' },
  ],
  options: { unpin: { type: 'flag', help: 'remove the old pin; on by default' }, progress: PROGRESS },
  fetches: true,
  async *run({ args, options, node, signal }): AsyncGenerator<PinsEvent | ProgressEvent> {
    const [fromPath = '', toPath = ''] = args
    const { blocks, pins } = await node()
    const from = await resolvePath(blocks, fromPath, { signal })
    const to = await resolvePath(blocks, toPath, { signal })
    const work = (onProgress: (progress: PinProgress) => void) =>
      pins.update(from, to, { unpin: options.unpin !== false, blocks, signal, onProgress })
    for await (const progress of reported(work)) {
      if (options.progress !== false) yield { Progress: progress.blocks, Bytes: progress.bytes }
    }
    yield { Pins: [from.toString(), to.toString()] }
  },
  answer: (events, { progress = false }) => (progress ? events : allPins(events)),
  text: (event) => ('Pins' in event ? `updated ${event.Pins.join(' to ')}` : undefined),
  progress: progressOf,
})

/** One object with all that was pinned or unpinned. */
function allPins(events: AsyncIterable<PinsEvent | ProgressEvent>): Promise<unknown> {
  async function* results(): AsyncGenerator<PinsEvent> {
    for await (const event of events) if ('Pins' in event) yield event
  }
  return joined('Pins')(results())
}

function progressOf(event: PinsEvent | ProgressEvent): Progress | undefined {
  return 'Progress' in event ? { name: 'pin', blocks: event.Progress, bytes: event.Bytes } : undefined
}

// cairn pin add, rm and ls.
import { CairnError, resolvePath, type PinType } from '@cairn/core'
import type { Node } from '@cairn/node'
import { eventCommand } from '../command.ts'
import { reported } from '../progress.ts'

const PATHS = { name: 'path', repeat: true, help: 'CID or path' } as const
const RECURSIVE = { type: 'flag', short: 'r', help: 'the whole DAG below it; on by default' } as const

interface PinsEvent {
  readonly Pins: readonly string[]
}

export const pinAdd = eventCommand({
  path: ['pin', 'add'],
  summary: 'Keep content: fetch what is missing and protect it from collection',
  examples: [
    'cairn pin add bafy…',
    'cairn pin add --recursive=false bafy…',
    'cairn pin add --peer /ip4/127.0.0.1/tcp/4001/p2p/12D3… bafy…',
  ],
  arguments: [PATHS],
  options: { recursive: RECURSIVE },
  fetches: true,
  async *run({
    args,
    options: { recursive = true },
    node,
    signal,
  }): AsyncGenerator<PinsEvent | { readonly Progress: number }> {
    const { blocks, pins } = await node()
    for (const path of args) {
      const cid = await resolvePath(blocks, path, { signal })
      const type = recursive ? 'recursive' : 'direct'
      for await (const Progress of reported<number>((onProgress) => pins.add(cid, { type, signal, onProgress })))
        yield { Progress }
      yield { Pins: [cid.toString()] }
    }
  },
  text: (event, { recursive = true }) =>
    'Pins' in event
      ? event.Pins.map((cid) => `pinned ${cid} ${recursive ? 'recursively' : 'directly'}`).join('\n')
      : undefined,
  progress: (event) => ('Progress' in event ? { name: 'pin', blocks: event.Progress } : undefined),
})

export const pinRm = eventCommand({
  path: ['pin', 'rm'],
  summary: 'Stop keeping content; the next collection may take it',
  examples: ['cairn pin rm bafy…'],
  arguments: [PATHS],
  options: { recursive: RECURSIVE },
  async *run({ args, options: { recursive = true }, node, signal }): AsyncGenerator<PinsEvent> {
    const { local, pins } = await node()
    for (const path of args) {
      const cid = await resolvePath(local, path, { signal })
      await pins.remove(cid, { recursive })
      yield { Pins: [cid.toString()] }
    }
  },
  text: (event) => event.Pins.map((cid) => `unpinned ${cid}`).join('\n'),
})

type ListType = PinType | 'indirect' | 'all'

interface PinLsEvent {
  readonly Cid: string
  readonly Type: Exclude<ListType, 'all'>
}

export const pinLs = eventCommand({
  path: ['pin', 'ls'],
  summary: 'List what is pinned',
  examples: ['cairn pin ls --type recursive', 'cairn pin ls -q', 'cairn pin ls bafy…'],
  arguments: [{ ...PATHS, optional: true }],
  options: {
    type: {
      type: 'text',
      short: 't',
      value: 'TYPE',
      choices: ['all', 'direct', 'indirect', 'recursive'],
      help: 'which pins; all by default',
    },
    quiet: { type: 'flag', short: 'q', help: 'print only CIDs' },
  },
  async *run({ args, options, node, signal }): AsyncGenerator<PinLsEvent> {
    const opened = await node()
    const type = (options.type ?? 'all') as ListType
    if (args.length === 0) yield* pinned(opened, type, signal)
    for (const path of args) yield await pinOf(opened, { path, type, signal })
  },
  text: ({ Cid, Type }, { quiet = false }) => (quiet ? Cid : `${Cid} ${Type}`),
})

async function* pinned({ pins }: Node, type: ListType, signal: AbortSignal): AsyncGenerator<PinLsEvent> {
  if (type !== 'indirect') {
    for await (const pin of pins.list())
      if (type === 'all' || pin.type === type) yield { Cid: pin.cid.toString(), Type: pin.type }
  }
  if (type === 'direct' || type === 'recursive') return
  for await (const cid of pins.listIndirect({ signal })) yield { Cid: cid.toString(), Type: 'indirect' }
}

interface PinQuery {
  readonly path: string
  readonly type: ListType
  readonly signal: AbortSignal
}

/** How one CID is pinned. @throws NOT_FOUND when it is not, or not in the way that is asked for */
async function pinOf({ local, pins }: Node, { path, type, signal }: PinQuery): Promise<PinLsEvent> {
  const cid = await resolvePath(local, path, { signal })
  const pin = await pins.typeOf(cid, { signal })
  if (pin === undefined || (type !== 'all' && pin !== type)) {
    throw new CairnError(
      'NOT_FOUND',
      `Cannot list ${path}: ${cid} is not pinned${type === 'all' ? '' : ` as ${type}`}`,
      { cid },
    )
  }
  return { Cid: cid.toString(), Type: pin }
}

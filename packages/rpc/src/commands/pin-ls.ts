// cairn pin ls.
import { CairnError, formatCid, resolvePath, type Pin, type PinType } from '@cairn/core'
import type { Node } from '@cairn/node'
import { eventCommand } from '../command.ts'
import { printable } from '../printable.ts'

type ListType = PinType | 'indirect' | 'all'

/** One pin, or one name of it where names are asked for. */
export interface PinLsEvent {
  readonly Cid: string
  /** As Kubo has it: also `indirect through` a CID, for a CID that was asked about. */
  readonly Type: string
  readonly Name?: string
}

interface Selection {
  readonly type: ListType
  /** What names have to contain, or `undefined` when they do not count. */
  readonly name: string | undefined
  readonly withNames: boolean
}

export const pinLs = eventCommand({
  path: ['pin', 'ls'],
  summary: 'List what is pinned',
  examples: [
    'cairn pin ls --type recursive',
    'cairn pin ls -q',
    'cairn pin ls --names   a line for each name',
    'cairn pin ls --name holidays',
    'cairn pin ls bafy…',
  ],
  arguments: [{ name: 'path', repeat: true, optional: true, help: 'CID or path' }],
  options: {
    type: {
      type: 'text',
      short: 't',
      value: 'TYPE',
      choices: ['all', 'direct', 'indirect', 'recursive'],
      help: 'which pins; all by default',
    },
    name: { type: 'text', short: 'n', value: 'TEXT', help: 'only pins whose name contains this; implies --names' },
    names: { type: 'flag', help: 'print names, each on a line of its own' },
    quiet: { type: 'flag', short: 'q', help: 'print only CIDs' },
    stream: { type: 'flag', short: 's', help: 'as in Kubo; here pins always come one by one' },
  },
  async *run({ args, options, node, signal }): AsyncGenerator<PinLsEvent> {
    const opened = await node()
    const { type = 'all', name, names: withNames = false } = options
    const selection = { type: type as ListType, name, withNames: withNames || name !== undefined }
    if (args.length === 0) yield* pinned(opened, selection, signal)
    else yield* kept(opened, { ...selection, paths: args, signal })
  },
  answer: (events, { stream = false }) => (stream ? events : byCid(events)),
  text: ({ Cid, Type, Name }, { quiet = false }) =>
    quiet ? Cid : [Cid, Type, ...(Name === undefined ? [] : [printable(Name)])].join(' '),
  rows: ({ Cid, Type, Name = '' }, { quiet = false }) =>
    quiet ? [] : [[{ text: Cid }, { text: Type, tone: 'quiet' }, { text: printable(Name) }]],
})

/** One object of all pins by their CIDs, without any where there are none. */
async function byCid(events: AsyncIterable<PinLsEvent>): Promise<unknown> {
  const keys = new Map<string, unknown>()
  for await (const { Cid, Type, Name = '' } of events) keys.set(Cid, { Type, Name })
  return keys.size === 0 ? {} : { Keys: Object.fromEntries(keys) }
}

async function* pinned({ pins }: Node, selection: Selection, signal: AbortSignal): AsyncGenerator<PinLsEvent> {
  const { type, name } = selection
  if (type !== 'indirect') {
    for await (const pin of pins.list()) {
      signal.throwIfAborted()
      if (type === 'all' || pin.type === type) yield* eventsOf(pin, selection)
    }
  }
  // What is pinned indirectly has no name.
  if (type === 'direct' || type === 'recursive' || name !== undefined) return
  for await (const cid of pins.listIndirect({ signal })) yield { Cid: formatCid(cid), Type: 'indirect' }
}

/** One event, or one for each name that is asked for. */
function eventsOf({ cid, type, names }: Pin, { name, withNames }: Selection): readonly PinLsEvent[] {
  const [Cid, Type] = [formatCid(cid), type]
  if (!withNames) return [{ Cid, Type }]
  return names
    .filter((text) => name === undefined || (text !== '' && text.includes(name)))
    .map((text) => (text === '' ? { Cid, Type } : { Cid, Type, Name: text }))
}

interface KeptQuery extends Selection {
  readonly paths: readonly string[]
  readonly signal: AbortSignal
}

/** How CIDs are kept. @throws NOT_FOUND, before anything is given, when one is not, or not in the way that is asked for */
async function* kept({ local, pins }: Node, query: KeptQuery): AsyncGenerator<PinLsEvent> {
  const { paths, type, signal } = query
  const cids = []
  for (const path of paths) cids.push(await resolvePath(local, path, { signal }))
  const keepers = await pins.keepersOf(cids, { signal })
  const events = cids.flatMap((cid, index): readonly PinLsEvent[] => {
    const keeper = keepers[index]
    const found =
      keeper === undefined || (type !== 'all' && keeper.type !== type)
        ? []
        : keeper.type === 'indirect'
          ? [{ Cid: formatCid(cid), Type: `indirect through ${formatCid(keeper.pin.cid)}` }]
          : eventsOf({ ...keeper.pin, cid }, query)
    if (found.length > 0) return found
    const as = type === 'all' ? '' : ` as ${type}`
    throw new CairnError('NOT_FOUND', `Cannot list ${paths[index]}: ${cid} is not pinned${as}`, { cid })
  })
  yield* events
}

// cairn refs: the links of a node, or of everything below it. Source: kubo core/commands/refs.go.
import { blockKey, CairnError, eachLink, formatCid, resolvePath, walk, type Block, type BlockReader } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { eventCommand } from '../command.ts'
import type { OptionSpecs, OptionValues } from './option-spec.ts'

/** As Kubo's. */
export interface RefEvent {
  readonly Ref: string
  readonly Err: ''
}

const OPTIONS = {
  format: { type: 'text', value: 'FORMAT', help: 'print each link so; <src>, <dst> and <linkname> are filled in' },
  edges: { type: 'flag', short: 'e', excludes: ['format'], help: 'print both ends: <src> -> <dst>' },
  unique: { type: 'flag', short: 'u', help: 'print each CID once' },
  recursive: { type: 'flag', short: 'r', help: 'everything below it as well' },
  'max-depth': {
    type: 'text',
    value: 'DEPTH',
    check: depthOf,
    help: 'with --recursive: go no deeper than this; -1, the default, is without end',
  },
} as const satisfies OptionSpecs

export const refs = eventCommand({
  path: ['refs'],
  summary: 'List the CIDs that a node links to',
  examples: [
    'cairn refs bafy…',
    'cairn refs -r -u bafy…   each block below it, once',
    "cairn refs --format='<linkname> <dst>' bafy…",
  ],
  arguments: [{ name: 'path', repeat: true, isPiped: true, help: 'CID or path' }],
  options: OPTIONS,
  fetches: true,
  async *run({ args, options, node, signal }): AsyncGenerator<RefEvent> {
    const { blocks } = await node()
    const listing = new Listing(blocks, { ...settingsOf(options), signal })
    for (const path of args) {
      const root = await resolvePath(blocks, path, { signal })
      // Where each block is seen once, the walk reads ahead.
      if (args.length === 1 && listing.isWalk) yield* listing.walked(root)
      else yield* listing.below(root)
    }
  },
  text: ({ Ref }) => Ref,
})

interface Settings {
  readonly format: string
  readonly isUnique: boolean
  readonly depthMax: number
  readonly signal: AbortSignal
}

function settingsOf(options: OptionValues<typeof OPTIONS>): Omit<Settings, 'signal'> {
  const { format = '<dst>', edges = false, unique = false, recursive = false, 'max-depth': depth = '-1' } = options
  const depthMax = recursive ? depthOf(depth) : 1
  return { format: edges ? '<src> -> <dst>' : format, isUnique: unique, depthMax: depthMax < 0 ? Infinity : depthMax }
}

function depthOf(text: string): number {
  if (!/^-1$|^\d{1,9}$/.test(text)) throw new CairnError('INVALID', `Cannot take "${text}" for a depth`)
  return Number(text)
}

/** One listing over all roots of a call. */
class Listing {
  readonly #reader: BlockReader
  readonly #settings: Settings
  /** With `isUnique`: at which depth each block was seen. */
  readonly #seen = new Map<string, number>()

  constructor(reader: BlockReader, settings: Settings) {
    this.#reader = reader
    this.#settings = settings
  }

  /** Whether a walk gives all that is asked for: it knows no names, and goes to the end. */
  get isWalk(): boolean {
    const { isUnique, depthMax, format } = this.#settings
    return isUnique && depthMax === Infinity && !format.includes('<linkname>')
  }

  async *walked(root: CID): AsyncGenerator<RefEvent> {
    const { signal } = this.#settings
    const visitLeaf = () => Promise.resolve()
    for await (const { cid, parent } of walk(this.#reader, root, { visitLeaf, signal }))
      if (parent !== undefined) yield this.#event(parent, { cid })
  }

  /** In depth first, each branch as often as it is linked to. Only the nodes above each other are open. */
  async *below(root: CID): AsyncGenerator<RefEvent> {
    const { depthMax, signal } = this.#settings
    if (depthMax === 0) return
    const open = [await this.#links(root)]
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      signal.throwIfAborted()
      const next = top.links.next()
      if (next.done === true) {
        open.pop()
        continue
      }
      const { isListed, isEntered } = this.#visit(next.value.cid, open.length)
      if (isListed) yield this.#event(top.cid, next.value)
      if (isEntered) open.push(await this.#links(next.value.cid))
    }
  }

  /** Whether a link at this depth is listed, and what is below it as well. */
  #visit(cid: CID, depth: number): { readonly isListed: boolean; readonly isEntered: boolean } {
    const { isUnique, depthMax } = this.#settings
    if (!isUnique) return { isListed: true, isEntered: depth < depthMax }
    const key = blockKey(cid)
    const before = this.#seen.get(key)
    // Seen as high before, all that is below it was listed as well.
    if (before !== undefined && (depthMax === Infinity || before <= depth)) return { isListed: false, isEntered: false }
    this.#seen.set(key, depth)
    return { isListed: before === undefined, isEntered: depth < depthMax }
  }

  async #links(cid: CID): Promise<{ readonly cid: CID; readonly links: Iterator<LinkLike> }> {
    const block: Block = await this.#reader.get(cid, { signal: this.#settings.signal })
    return { cid, links: eachLink(block)[Symbol.iterator]() }
  }

  #event(source: CID, { cid, name = '' }: LinkLike): RefEvent {
    const words: Readonly<Record<string, string>> = { src: formatCid(source), dst: formatCid(cid), linkname: name }
    const ref = this.#settings.format.replaceAll(/<(src|dst|linkname)>/g, (_, word: string) => words[word] ?? '')
    return { Ref: ref, Err: '' }
  }
}

interface LinkLike {
  readonly cid: CID
  readonly name?: string | undefined
}

export const refsLocal = eventCommand({
  path: ['refs', 'local'],
  aliases: [['repo', 'ls']],
  summary: 'List all blocks that are stored here, as raw CIDs',
  examples: ['cairn refs local', 'cairn refs local | wc -l'],
  options: {},
  async *run({ node, signal }): AsyncGenerator<RefEvent> {
    const { store } = await node()
    for await (const { cid } of store.list()) {
      signal.throwIfAborted()
      yield { Ref: formatCid(cid), Err: '' }
    }
  },
  text: ({ Ref }) => Ref,
})

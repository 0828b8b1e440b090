// Marking: everything that a pin keeps, found by reading interior nodes only. What was seen is known to the sweep alone, as
// one bit a block; here is only the way still to go, depth first, so that it stays short.
import { CID } from 'multiformats/cid'
import type { Block } from '../block/block.ts'
import { eachLink, mayHaveLinks, RAW_CODE, type Link } from '../block/codec.ts'
import { CairnError, isCairnError } from '../errors.ts'
import type { AbortOptions, BlockReader, BlockStoreStat, Sweep } from '../interfaces.ts'
import { MARK_LINKS, MARK_NODES, MARK_READ_BYTES } from '../limits.ts'
import type { Pin } from './pins.ts'

/** A root that a collection keeps, as a pin keeps it. */
export interface KeptRoot extends Pick<Pin, 'cid' | 'type'> {
  /** Keeps what is here of its DAG; what is missing is no matter, nor is what lies below that. */
  readonly isPartial?: boolean
}

/** Gives all that a collection keeps. */
export interface KeptRoots {
  list(): AsyncIterable<KeptRoot>
}

/** What a marking works on. */
export interface MarkParts {
  readonly pins: KeptRoots
  /** Reads what is stored here, and never fetches. */
  readonly local: BlockReader
  readonly sweep: Sweep
}

/** A node that has to be looked into. */
interface Ahead {
  /** Of its CID, as latin1: a tenth of what the CID takes, which may keep the whole block alive that links it. */
  readonly cidBytes: string
  readonly blockBytes: number
  /** The root by which it was found. */
  readonly root: KeptRoot
}

/**
 * Marks in a sweep what the pins keep. Yields, after each step, what is marked so far. A leaf that is not here is no
 * matter: there is nothing to keep and nothing below it.
 *
 * @throws NOT_FOUND, CORRUPT or INVALID when an interior node cannot be read: what lay below it cannot be known. The
 * message names the pin and the block
 */
export async function* markPinned(
  { pins, local, sweep }: MarkParts,
  { signal }: AbortOptions = {},
): AsyncGenerator<BlockStoreStat> {
  const ahead: Ahead[] = []
  for await (const page of pagesOf(pins.list(), MARK_LINKS)) {
    for await (const found of entered(page.map(rootOf), sweep)) ahead.push(found)
    yield sweep.marked
    while (ahead.length > 0) {
      signal?.throwIfAborted()
      const step = takeStep(ahead)
      // Read together, but unfolded one after the other: the links of one node are many already.
      for (const [index, block] of (await readTogether(step, local)).entries()) {
        const root = step[index]?.root
        if (block === undefined || root === undefined) continue
        const found = foundIn(block, root)
        for await (const node of entered(found, sweep)) ahead.push(node)
      }
      yield sweep.marked
    }
  }
}

interface Found {
  readonly cid: CID
  readonly root: KeptRoot
}

/** A direct pin keeps its block and nothing below, as if it were a leaf. */
function rootOf(root: KeptRoot): Found {
  return { cid: root.type === 'direct' ? CID.createV1(RAW_CODE, root.cid.multihash) : root.cid, root }
}

/** Marks what was found, and gives what of it has to be looked into. */
async function* entered(found: Iterable<Found>, sweep: Sweep): AsyncGenerator<Ahead> {
  const rest = found[Symbol.iterator]()
  for (let part = takeSome(rest, MARK_LINKS); part.length > 0; part = takeSome(rest, MARK_LINKS)) {
    const marks = await sweep.mark(part.map(({ cid }) => cid))
    for (const [index, { cid, root }] of part.entries()) {
      const mark = marks[index]
      if (mark === undefined || mark.status === 'known' || !mayHaveLinks(cid)) continue
      // A node that is absent is read as well: that says best what is wrong.
      yield { cidBytes: latin1(cid.bytes), blockBytes: mark.status === 'new' ? mark.bytes : 0, root }
    }
  }
}

/** The next values, at most `count`. `Iterator.take` would close the rest. */
function takeSome<Value>(rest: Iterator<Value>, count: number): Value[] {
  const taken: Value[] = []
  while (taken.length < count) {
    const next = rest.next()
    if (next.done === true) break
    taken.push(next.value)
  }
  return taken
}

/** Takes the last nodes, as many as may be read at a time. */
function takeStep(ahead: Ahead[]): Ahead[] {
  const step: Ahead[] = []
  for (let bytes = 0, last = ahead.at(-1); last !== undefined && step.length < MARK_NODES; last = ahead.at(-1)) {
    bytes += last.blockBytes
    if (step.length > 0 && bytes > MARK_READ_BYTES) break
    step.push(last)
    ahead.pop()
  }
  return step
}

/**
 * The blocks of `nodes` in their order; `undefined` for one that is missing where that is no matter. When one cannot be
 * read, nothing of the others still runs.
 */
async function readTogether(nodes: readonly Ahead[], local: BlockReader): Promise<(Block | undefined)[]> {
  const reads = await Promise.allSettled(nodes.map(({ cidBytes }) => local.get(cidOf(cidBytes))))
  return reads.map((read, index) => {
    if (read.status === 'fulfilled') return read.value
    const node = nodes[index]
    if (node?.root.isPartial === true && isCairnError(read.reason, 'NOT_FOUND')) return undefined
    throw node === undefined ? read.reason : unreadable(cidOf(node.cidBytes), node.root, read.reason)
  })
}

/** The links of a block, which are proven sound before the first of them is taken, and made one by one. */
function foundIn(block: Block, root: KeptRoot): Iterable<Found> {
  try {
    return foundBy(eachLink(block), root)
  } catch (cause) {
    throw unreadable(block.cid, root, cause)
  }
}

function* foundBy(links: Iterable<Link>, root: KeptRoot): Generator<Found> {
  for (const { cid } of links) yield { cid, root }
}

function unreadable(cid: CID, { cid: pin, isPartial = false }: KeptRoot, cause: unknown): unknown {
  if (!isCairnError(cause)) return cause
  const block = cid.equals(pin) ? 'its root' : `block ${cid}`
  const state = cause.code === 'NOT_FOUND' ? 'is missing' : cause.code === 'CORRUPT' ? 'is damaged' : 'cannot be read'
  const advice = isPartial
    ? `Cannot tell what the mutable files hold (${pin}): ${block} ${state}; "cairn repo verify --heal --peer ADDRESS" mends it`
    : `Cannot tell what pin ${pin} keeps: ${block} ${state}; complete it with "cairn pin add --peer ADDRESS", or unpin it`
  return new CairnError(cause.code, advice, { cause, cid })
}

function cidOf(bytes: string): CID {
  return CID.decode(Uint8Array.from(Buffer.from(bytes, 'latin1')))
}

async function* pagesOf<Value>(values: AsyncIterable<Value>, size: number): AsyncGenerator<Value[]> {
  let page: Value[] = []
  for await (const value of values) {
    page.push(value)
    if (page.length < size) continue
    yield page
    page = []
  }
  if (page.length > 0) yield page
}

function latin1({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1')
}

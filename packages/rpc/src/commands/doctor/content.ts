// What cairn doctor says of one DAG: how much of it is here, what keeps it, and who has what is missing.
import { formatBytes, formatCid, formatCount, isCairnError, nodeKey, walk, type CairnError } from '@cairn/core'
import type { Node, NodeEvent } from '@cairn/node'
import { DOCTOR_NAMED_MAX, DOCTOR_WAIT_MS } from '../../limits.ts'
import { bad, note, ok, type Finding } from './finding.ts'
import { localSizeOf } from '../locality.ts'

type CID = Parameters<typeof formatCid>[0]
type PeerId = Extract<NodeEvent, { readonly kind: 'answered' }>['peer']

/** Looks at what `root` links to as far as it is here, and asks peers for the first block that is not. */
export async function* lookAtContent(node: Node, root: CID, signal: AbortSignal): AsyncGenerator<Finding> {
  const name = formatCid(root)
  const here = await lookAtBlocks(node, root, signal)
  const size = `${formatCount(here.blocks, 'block')}, ${formatBytes(here.bytes)}`
  if (here.unreadable.length === 0) yield ok('content', `${name} is here whole: ${size}`)
  else if (here.blocks === 0) yield note('content', `${name} is not here`)
  else
    yield note(
      'content',
      `${name} is here in part: ${size}; ${formatCount(here.count, 'block')} of what these link to not`,
    )
  yield await keptBy(node, root, here.unreadable.length === 0)
  for (const { cid, error } of here.unreadable) {
    if (isCairnError(error, 'CORRUPT'))
      yield bad('damaged', `${formatCid(cid)}: ${error.message}`, '"cairn repo verify --heal" fetches it again')
    else if (here.blocks > 0) yield note('missing', formatCid(cid))
  }
  const [first] = here.unreadable
  if (first !== undefined) yield* lookForBlock(node, first.cid, signal)
}

interface Unreadable {
  readonly cid: CID
  readonly error: CairnError
}

/** What of a DAG is here; of what is not, how many there are and the first few. */
async function lookAtBlocks(node: Node, root: CID, signal: AbortSignal) {
  const here = { blocks: 0, bytes: 0, count: 0, unreadable: new Array<Unreadable>() }
  const onUnreadable = (cid: CID, error: CairnError): void => {
    here.count++
    if (here.unreadable.length < DOCTOR_NAMED_MAX) here.unreadable.push({ cid, error })
  }
  for await (const { bytes } of walk(node.local, root, { visitLeaf: localSizeOf(node.store), onUnreadable, signal })) {
    if (bytes === undefined) continue
    here.blocks++
    here.bytes += bytes
  }
  return here
}

async function keptBy({ pins }: Node, root: CID, isWhole: boolean): Promise<Finding> {
  const [keeper] = await pins.keepersOf([root]).catch(() => [undefined])
  if (keeper === undefined)
    return note('pin', 'nothing keeps it: a collection may take it', isWhole ? '"cairn pin add" keeps it' : undefined)
  const how = keeper.type === 'indirect' ? `below ${formatCid(keeper.pin.cid)}` : `it is pinned, ${keeper.type}`
  return ok('pin', how)
}

/** What became of asking the peers for one block. */
class Asking {
  readonly #key: string
  readonly asked = new Set<PeerId>()
  readonly answers = new Map<PeerId, boolean>()
  sender: PeerId | undefined

  constructor(cid: CID) {
    this.#key = nodeKey(cid)
  }

  readonly observe = (event: NodeEvent): void => {
    if (!('cid' in event) || event.cid === undefined || nodeKey(event.cid) !== this.#key) return
    if (event.kind === 'asked') this.asked.add(event.peer)
    else if (event.kind === 'answered') this.answers.set(event.peer, event.has)
    else if (event.kind === 'received' && event.use === 'wanted') this.sender = event.peer
  }
}

/** Asks for the block as any reader would, for a while. */
async function* lookForBlock(node: Node, cid: CID, signal: AbortSignal): AsyncGenerator<Finding> {
  const { swarm } = node
  const name = formatCid(cid)
  if (swarm === undefined) {
    yield bad(
      'fetch',
      `${name} is not here, and this node asks nobody`,
      'run "cairn daemon", or name a peer with --peer ADDRESS',
    )
    return
  }
  const asking = new Asking(cid)
  const leave = node.observe(asking.observe)
  const startMs = performance.now()
  const wait = AbortSignal.timeout(DOCTOR_WAIT_MS)
  let reason: string | undefined
  const look = setTimeout(() => {
    reason = swarm.bitswap.standings(Infinity).find((standing) => standing.cid.equals(cid))?.reason
  }, DOCTOR_WAIT_MS - 100)
  try {
    await node.blocks.get(cid, { signal: AbortSignal.any([signal, wait]) })
    yield ok(
      'fetch',
      `${name} came within ${Math.round(performance.now() - startMs)} ms from ${asking.sender ?? 'a peer'}`,
    )
  } catch (error) {
    signal.throwIfAborted()
    if (!wait.aborted && !isCairnError(error)) throw error
    yield* whyNot(name, asking, isCairnError(error) ? error.message : reason)
  } finally {
    clearTimeout(look)
    leave()
  }
}

function* whyNot(name: string, { asked, answers }: Asking, reason: string | undefined): Generator<Finding> {
  for (const peer of asked) {
    const has = answers.get(peer)
    if (has === true)
      yield bad('peer', `${peer} has ${name} and did not send it in time`, 'its line or its limits are slow')
    else if (has === false) yield note('peer', `${peer} lacks ${name}, or does not serve it to this node`)
    else yield note('peer', `${peer} does not answer`)
  }
  const why = reason === undefined ? '' : ` (${reason})`
  yield bad(
    'fetch',
    `${name} did not come within ${DOCTOR_WAIT_MS / 1000} s${why}`,
    'connect to a peer that has it: "cairn swarm connect ADDRESS"',
  )
}

// cairn doctor: what stands in the way of content that does not come, or that nobody gets.
import { setTimeout } from 'node:timers/promises'
import { CairnError, formatBytes, formatCount, isCairnError, resolvePath } from '@cairn/core'
import type { Node, RepoInfo } from '@cairn/node'
import { DOCTOR_WAIT_MS } from '../../limits.ts'
import { eventCommand, type CommandInput } from '../../command.ts'
import { lookAtContent } from './content.ts'
import { bad, note, ok, type Finding } from './finding.ts'

/** Bytes of room below which a repo is about to refuse what comes: a few seconds of a fast link. */
const ROOM_BYTES_LOW = 1024 ** 3

/** Milliseconds between looks at whether peers exchange blocks, and how often: a second, which is several round trips. */
const LOOK_MS = 100
const LOOKS_MAX = 10

export const doctor = eventCommand({
  path: ['doctor'],
  summary: 'Explain why content does not come, or why nobody gets it; fail when something is wrong',
  examples: [
    'cairn doctor                  look at the repo and the node',
    'cairn doctor bafy…            and at this content: here, pinned, at which peers',
    'cairn doctor --peer /ip4/192.0.2.7/tcp/4001/p2p/12D3… bafy…',
  ],
  arguments: [{ name: 'path', repeat: true, optional: true, help: 'CID or path' }],
  options: {},
  fetches: true,
  async *run({ args, node, repo, signal }): AsyncGenerator<Finding> {
    const opened = await node()
    const info = await repo()
    let badCount = 0
    for await (const finding of findings(opened, { info, paths: args, signal })) {
      if (finding.Status === 'bad') badCount++
      yield finding
    }
    if (badCount > 0)
      throw new CairnError('UNAVAILABLE', `Cannot vouch for everything: ${formatCount(badCount, 'finding')} to see to`)
  },
  text: ({ Status, Check, Found, Advice }) =>
    `${Status === 'bad' ? 'BAD' : Status}\t${Check}: ${Found}${Advice === undefined ? '' : `\n\t  → ${Advice}`}`,
  rows: ({ Status, Check, Found, Advice }) => [
    [{ text: Status, tone: TONES[Status] }, { text: Check }, { text: Found }],
    ...(Advice === undefined ? [] : [[{ text: '' }, { text: '' }, { text: `→ ${Advice}`, tone: 'quiet' } as const]]),
  ],
})

const TONES = { ok: 'good', note: 'note', bad: 'bad' } as const

interface Question extends Pick<CommandInput, 'signal'> {
  readonly info: RepoInfo
  readonly paths: readonly string[]
}

async function* findings(node: Node, { info, paths, signal }: Question): AsyncGenerator<Finding> {
  yield* lookAtRepo(node, info)
  yield* lookAtNetwork(node, info)
  for (const path of paths) yield* lookAtPath(node, path, signal)
}

/** Those who have just been connected to are known to the exchange a little later. */
async function statsOf({ host, bitswap }: NonNullable<Node['swarm']>) {
  for (let look = 0; look < LOOKS_MAX && bitswap.stats().peers.length === 0; look++) {
    if ((await host.peers()).length === 0) break
    await setTimeout(LOOK_MS)
  }
  return bitswap.stats()
}

async function* lookAtPath(node: Node, path: string, signal: AbortSignal): AsyncGenerator<Finding> {
  const found = await find(node, path, signal)
  if ('cid' in found) yield* lookAtContent(node, found.cid, signal)
  else yield found
}

/** What a path leads to, or why it leads nowhere. */
async function find({ blocks }: Node, path: string, signal: AbortSignal) {
  const waiting = AbortSignal.any([signal, AbortSignal.timeout(DOCTOR_WAIT_MS)])
  try {
    return { cid: await resolvePath(blocks, path, { signal: waiting }) }
  } catch (error) {
    signal.throwIfAborted()
    if (waiting.aborted)
      return bad(
        'path',
        `a block on the way of ${path} did not come`,
        'ask for the CID in front alone, to see who has it',
      )
    if (isCairnError(error)) return bad('path', error.message)
    throw error
  }
}

async function* lookAtRepo(node: Node, { path }: RepoInfo): AsyncGenerator<Finding> {
  const { blocks, bytes } = await node.store.stat()
  yield ok('repo', `${formatCount(blocks, 'block')}, ${formatBytes(bytes)} at ${path}`)
  if (await node.mayLackPins())
    yield bad(
      'pins',
      'records were damaged, and pins may be lost',
      'look at "cairn pin ls", pin again what is missing, and then run "cairn repo verify --accept-lost-pins"',
    )
  const size = await node.size()
  const room = Math.max(0, size.bytesMax - size.bytes)
  const used = `${formatBytes(size.bytes)} of ${formatBytes(size.bytesMax)} used`
  if (room < ROOM_BYTES_LOW)
    yield bad(
      'room',
      used,
      'run "cairn repo gc", raise Datastore.StorageMax, or free room on the disk: blocks that do not fit are refused',
    )
  else yield ok('room', used)
}

async function* lookAtNetwork({ swarm }: Node, { config }: RepoInfo): AsyncGenerator<Finding> {
  if (swarm === undefined) {
    yield note(
      'network',
      'this node is offline: nothing is fetched, and nobody gets anything of it',
      'run "cairn daemon"',
    )
    return
  }
  const addresses = swarm.host.addresses()
  const isReachable = addresses.some((address) => !/^\/ip4\/127\.|^\/ip6\/::1\//.test(address))
  if (addresses.length === 0) yield note('listening', 'on no address: peers are dialled, and none can dial this node')
  else if (isReachable) yield ok('listening', addresses.join(' '))
  else
    yield note('listening', `only this machine can connect: ${addresses.join(' ')}`, 'set Addresses.Swarm for others')
  const { peers, refused } = await statsOf(swarm)
  const routers = config.Routing?.DelegatedRouters ?? []
  if (peers.length > 0) yield ok('peers', `${formatCount(peers.length, 'peer')} to exchange blocks with`)
  else
    yield note(
      'peers',
      'none to exchange blocks with',
      '"cairn swarm connect ADDRESS", or Peering.Peers for those that are always wanted',
    )
  if (routers.length === 0)
    yield note(
      'routing',
      'only connected peers are asked',
      'name services that find others in Routing.DelegatedRouters',
    )
  else yield ok('routing', routers.join(' '))
  const dropped = Object.entries(refused).filter(([, count]) => count > 0)
  if (dropped.length > 0)
    yield note('refused', `of what peers sent: ${dropped.map(([reason, count]) => `${reason} ${count}`).join(', ')}`)
  const { RateLimits, Serve, RefusePeers } = config.Cairn ?? {}
  for (const [name, setting] of Object.entries({ RateLimits, Serve, RefusePeers }))
    if (setting !== undefined) yield note('settings', `Cairn.${name} is ${JSON.stringify(setting)}`)
}

// A node as it looks to one call: to work that may not fetch, or to one that is to say in the end what it has waited for.
import { isCairnError, parseMfsPath, type AbortOptions, type BlockReader } from '@cairn/core'
import type { Node } from '@cairn/node'

type BlockService = Node['blocks']
type CID = Parameters<BlockService['get']>[0]
type Mfs = Awaited<ReturnType<Node['files']>>

/**
 * `node` without its peers: what is missing is missing. All else is the node's own, so what is stored here is stored there, and
 * there is one tree of mutable files.
 */
export function offlineView(node: Node): Node {
  return viewOf(node, (name) => {
    if (name === 'blocks') return { value: node.local }
    if (name === 'swarm') return { value: undefined }
    if (name === 'files') return { value: async () => offlineFiles(await node.files(), node.local) }
    return undefined
  })
}

/** `node` with its blocks, of which those that somebody waits for are in `waiting`. */
export function waitingView(node: Node, waiting: Set<CID>): Node {
  const blocks = viewOf(node.blocks, (name) => {
    if (name !== 'get' && name !== 'getEarly' && name !== 'ensure') return undefined
    const read: (cid: CID, options?: AbortOptions) => Promise<unknown> = node.blocks[name].bind(node.blocks)
    const value = async (cid: CID, options?: AbortOptions): Promise<unknown> => {
      waiting.add(cid)
      try {
        return await read(cid, options)
      } finally {
        waiting.delete(cid)
      }
    }
    return { value }
  })
  return viewOf(node, (name) => (name === 'blocks' ? { value: blocks } : undefined))
}

/** Those of `waiting` that peers are asked for. */
export function* wantedOf(node: Node, waiting: ReadonlySet<CID>): Generator<CID> {
  const wanted = new Set(node.swarm?.bitswap.stats().wantlist.map(({ multihash }) => hex(multihash.bytes)))
  for (const cid of waiting) if (wanted.has(hex(cid.multihash.bytes))) yield cid
}

/** Mutable files whose missing blocks are missing, for whoever looks at them and before they are changed. */
async function offlineFiles(files: Mfs, local: BlockReader): Promise<Mfs> {
  const { cid: root } = await files.find('/')
  const reader: BlockReader = {
    // A tree that was never written to has its root in memory alone.
    get: (cid, options) => (cid.equals(root) ? files.reader : local).get(cid, options),
  }
  return viewOf(files, (name) => {
    if (name === 'reader') return { value: reader }
    if (name === 'find') return { value: (path: string) => files.find(path, reader) }
    if (!CHANGES.has(name)) return undefined
    const change = files[name as 'remove'].bind(files)
    const value = async (...args: Parameters<typeof change>): Promise<void> => {
      for (const path of args) if (typeof path === 'string') await requireLocal(files, path, reader)
      await change(...args)
    }
    return { value }
  })
}

/** Methods that change mutable files at the paths that they are given. */
const CHANGES: ReadonlySet<string | symbol> = new Set<keyof Mfs>([
  'changeForm',
  'copy',
  'mkdir',
  'move',
  'put',
  'remove',
  'setMetadata',
  'write',
])

/** @throws NOT_FOUND when a block on the way to `path` is not here; whether anything stands there is for the change to say */
async function requireLocal(files: Mfs, path: string, reader: BlockReader): Promise<void> {
  const { names } = parseMfsPath(path)
  for (let depth = 0; depth <= names.length; depth++) {
    try {
      const { cid } = await files.find(`/${names.slice(0, depth).join('/')}`, reader)
      await reader.get(cid)
    } catch (error) {
      if (!isCairnError(error) || error.cid !== undefined) throw error
      return
    }
  }
}

/** `target` with other properties than its own where `other` has them; what it has itself works on it. */
function viewOf<Target extends object>(
  target: Target,
  other: (name: string | symbol) => { readonly value: unknown } | undefined,
): Target {
  return new Proxy(target, {
    get(_, name) {
      const found = other(name)
      if (found !== undefined) return found.value
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

// A gateway over a store in memory, with trees that were imported into it.
import { MemoryStore } from '@cairn/blockstore'
import { BlockService, createBlock, importTree, PROFILES, storeBlocks, type ImportSource } from '@cairn/core'
import { tarOf } from '@cairn/rpc'
import { Gateway, type GatewayBackend, type GatewaySettings } from '../src/index.ts'

/** A tree of names; text is a file. */
export interface Tree {
  readonly [name: string]: string | Uint8Array | Tree
}

export interface OpenGateway {
  readonly gateway: Gateway
  readonly store: MemoryStore
  /** Imports a tree and gives its CID. */
  add(tree: Tree | string | Uint8Array): Promise<string>
  /** Stores a block and gives its CID. */
  put(codec: number, bytes: Uint8Array): Promise<string>
  get(path: string, init?: RequestInit): Promise<Response>
}

/** A gateway that nobody fetches for. */
export function openGateway(settings: GatewaySettings = {}, backend: Partial<GatewayBackend> = {}): OpenGateway {
  const store = new MemoryStore()
  const blocks = new BlockService({ store })
  const has: GatewayBackend['has'] = async (cid) => (await blocks.size(cid)) !== undefined
  const gateway = new Gateway({ blocks, has, archive: tarOf, ...backend }, settings)
  return {
    gateway,
    store,
    async add(tree) {
      let root = ''
      const settingsOfImport = PROFILES['unixfs-v1-2025']
      for await (const event of storeBlocks(blocks)(importTree({ name: '', source: sourceOf(tree) }, settingsOfImport)))
        if (event.kind === 'entry') root = String(event.cid)
      return root
    },
    async put(codec, bytes) {
      const block = createBlock(bytes, { codec })
      await blocks.putMany([block])
      return String(block.cid)
    },
    get: (path, init) => gateway.handle(new Request(`http://127.0.0.1:8080${path}`, { redirect: 'manual', ...init })),
  }
}

function sourceOf(tree: Tree | string | Uint8Array): ImportSource {
  if (typeof tree === 'string' || tree instanceof Uint8Array)
    return { kind: 'file', content: () => once(Buffer.from(tree)) }
  return {
    kind: 'directory',
    entries: async function* () {
      for (const [name, inner] of Object.entries(tree)) yield { name, source: sourceOf(inner) }
    },
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes
}

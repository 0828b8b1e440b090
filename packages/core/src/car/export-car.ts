// A DAG, or what a path names of it, as a CARv1: depth first in the order of the links, each block once, one root. The same
// DAG gives the same bytes. Forms: Kubo's `dag export`, and the CARs of trustless gateways (ipfs/specs, trustless-gateway.md).
import type { CID } from 'multiformats/cid'
import type { Block } from '../block/block.ts'
import { PackedKeys } from '../dag/packed-keys.ts'
import { NEVER_SEEN } from '../dag/seen-blocks.ts'
import type { ReadAheadOptions } from '../dag/traverse.ts'
import { nodeKey, walk } from '../dag/walk.ts'
import { isCairnError } from '../errors.ts'
import type { AbortOptions, BlockReader } from '../interfaces.ts'
import type { ContentPath } from '../path/content-path.ts'
import { resolvePath } from '../path/find-node.ts'
import { entityBlocks, type EntityBytes } from './entity.ts'
import { writeCar } from './write-car.ts'

/** How much below the end of a path an export holds: its one block, the file or directory, or all that it reaches. */
export type DagScope = 'block' | 'entity' | 'all'

/** What an export holds. */
export interface ExportCarOptions extends ReadAheadOptions {
  /** With a scope the blocks that lead to the end of the path come first; without, all below its end and nothing else. */
  readonly scope?: DagScope | undefined
  /** Only the blocks that hold these bytes of a file; makes the scope `entity`. */
  readonly entityBytes?: EntityBytes | undefined
  /** Sends a block as often as the DAG links it, for readers that remember none; each once by default. */
  readonly repeats?: boolean | undefined
  /** Leaves out blocks that cannot be had, with all below them; by default they end the export. */
  readonly skipMissing?: boolean
}

/**
 * The bytes of a CAR whose one root is the end of `path`. Fails before the first byte when that cannot be had, and at
 * the end of a section for a block that is missing later.
 *
 * @throws as `resolvePath`, `walk` and `entityBlocks`
 */
export async function* exportCar(
  reader: BlockReader,
  path: string | ContentPath,
  options: ExportCarOptions = {},
): AsyncGenerator<Uint8Array> {
  const { scope, entityBytes, repeats = false, signal } = options
  const onPath: CID[] = []
  const noting: BlockReader = {
    get(cid, waiting) {
      onPath.push(cid)
      return reader.get(cid, waiting)
    },
  }
  const root = await resolvePath(noting, path, { signal })
  await reader.get(root, { signal })
  const withPath = scope !== undefined || entityBytes !== undefined
  yield* writeCar(
    [root],
    pathFirst(reader, {
      path: withPath ? onPath : [],
      below: blocksBelow(reader, root, options),
      root: repeats ? root : undefined,
      signal,
    }),
  )
}

function blocksBelow(reader: BlockReader, root: CID, options: ExportCarOptions): AsyncIterable<Block> {
  const { scope, entityBytes, repeats = false, readAhead, signal } = options
  if (entityBytes !== undefined || scope === 'entity') {
    const blocks = entityBlocks(reader, root, { range: entityBytes, repeats, readAhead, signal })
    return repeats ? blocks : once(blocks)
  }
  return scope === 'block' ? oneBlock(reader, root, options) : wholeDag(reader, root, options)
}

async function* oneBlock(reader: BlockReader, cid: CID, { signal }: AbortOptions): AsyncGenerator<Block> {
  yield await reader.get(cid, { signal })
}

async function* wholeDag(
  reader: BlockReader,
  root: CID,
  { skipMissing = false, repeats = false, readAhead, signal }: ExportCarOptions,
): AsyncGenerator<Block> {
  const onUnreadable = (_: CID, error: unknown): void => {
    if (!isCairnError(error, 'NOT_FOUND')) throw error
  }
  for await (const { block } of walk(reader, root, {
    seen: repeats ? NEVER_SEEN : new PackedKeys(),
    readAhead,
    signal,
    ...(skipMissing && { onUnreadable }),
  })) {
    if (block !== undefined) yield block
  }
}

interface Selection extends AbortOptions {
  /** Blocks that lead to the root, which may be among them. */
  readonly path: readonly CID[]
  readonly below: AsyncIterable<Block>
  /** Given where `below` comes whole, whatever of it came before. */
  readonly root: CID | undefined
}

async function* pathFirst(reader: BlockReader, { path, below, root, signal }: Selection): AsyncGenerator<Block> {
  const sent = new Map(path.map((cid) => [nodeKey(cid), cid]))
  if (root !== undefined) {
    sent.delete(nodeKey(root))
    for (const cid of sent.values()) yield await reader.get(cid, { signal })
    yield* below
    return
  }
  for (const cid of sent.values()) yield await reader.get(cid, { signal })
  for await (const block of below) if (!sent.has(nodeKey(block.cid))) yield block
}

async function* once(blocks: AsyncIterable<Block>): AsyncGenerator<Block> {
  const sent = new PackedKeys()
  for await (const block of blocks) {
    const key = nodeKey(block.cid)
    if (sent.has(key)) continue
    sent.add(key)
    yield block
  }
}

// Paths to what they name: through directories, plain and sharded, through links and fields of every codec, and through the symbolic
// links on the way. Nothing outside of the root is ever reached.
import type { CID } from 'multiformats/cid'
import { toString } from 'uint8arrays/to-string'
import type { Block } from '../block/block.ts'
import { DAG_PB_CODE, decodeBlock, eachLink, RAW_CODE } from '../block/codec.ts'
import { findInside } from '../directory/find-entry.ts'
import { CairnError, isCairnError } from '../errors.ts'
import type { AbortOptions, BlockReader } from '../interfaces.ts'
import { isLink, isList, isMap, type IpldValue } from '../ipld/value.ts'
import { PATH_BYTES_MAX, SYMLINK_HOPS_MAX } from '../limits.ts'
import { skimUnixFS } from '../unixfs/skimmed-node.ts'
import type { UnixFSData } from '../unixfs/unixfs-node.ts'
import { parsePath, type ContentPath } from './content-path.ts'

/** What a path names: a block, or a value inside one. */
export interface FoundNode {
  /** The last block on the way. */
  readonly cid: CID
  /** The fields that lead to the value inside that block; none for the block itself. */
  readonly remainder: readonly string[]
  /** The value at the end of the remainder; `undefined` when there is none. */
  readonly value: IpldValue | undefined
}

/** A way through a DAG. */
export interface FoundPath extends FoundNode {
  /** What each name led to, from the root to the last; shards on the way are none. Symbolic links are replaced by where they lead. */
  readonly trail: readonly CID[]
}

/** How a path is gone. */
interface PathOptions extends AbortOptions {
  /** Whether a symbolic link at the end is followed too, instead of being what was asked for; false by default. */
  readonly followsLast?: boolean
}

/**
 * The CID of the block at the end of a path.
 *
 * @throws INVALID when the path ends at a value inside a block, else as `findNode`
 */
export async function resolvePath(
  reader: BlockReader,
  path: string | ContentPath,
  options: PathOptions = {},
): Promise<CID> {
  const { cid, remainder } = await findNode(reader, path, options)
  if (remainder.length === 0) return cid
  const text = typeof path === 'string' ? path : [path.root, ...path.names].join('/')
  throw new CairnError('INVALID', `Cannot use "${text}": it leads to a value inside of ${cid}, not to a block`, { cid })
}

/**
 * What is at the end of a path. A symbolic link on the way is followed within the root; one at the end is what was asked for,
 * unless it is to be followed as well.
 *
 * @throws NOT_FOUND for a name that is not there, INVALID when the path goes on below a file or a symbolic link leads out of the
 * root, LIMIT for too many of those, else as `parsePath`, `decodeBlock`, `findEntry` and `BlockReader.get`
 */
export async function findNode(
  reader: BlockReader,
  path: string | ContentPath,
  options: PathOptions = {},
): Promise<FoundPath> {
  const walk = new PathWalk(reader, typeof path === 'string' ? parsePath(path) : path, options)
  return walk.end()
}

/** A place on the way. */
interface Place extends FoundNode {
  /** The block, once it was read for its names. */
  block?: Block
}

class PathWalk {
  readonly #reader: BlockReader
  readonly #path: ContentPath
  readonly #options: PathOptions
  /** The places from the root to here, one for each name: `..` in the target of a symbolic link goes back one. */
  readonly #trail: Place[]
  /** Names still to go, the next one last. */
  readonly #ahead: string[]
  #hops = 0

  constructor(reader: BlockReader, path: ContentPath, options: PathOptions) {
    this.#reader = reader
    this.#path = path
    this.#options = options
    this.#trail = [{ cid: path.root, remainder: [], value: undefined }]
    this.#ahead = path.names.toReversed()
  }

  async end(): Promise<FoundPath> {
    do {
      for (let name = this.#ahead.pop(); name !== undefined; name = this.#ahead.pop()) {
        if (name === '..') this.#trail.pop()
        else await this.#step(this.#here(), name)
        this.#here()
      }
    } while (this.#options.followsLast === true && (await this.#followLast(this.#here())))
    const { cid, remainder, value } = this.#here()
    return { cid, remainder, value, trail: this.#trail.map((place) => place.cid) }
  }

  #here(): Place {
    const here = this.#trail.at(-1)
    if (here !== undefined) return here
    throw new CairnError('INVALID', `Cannot follow a symbolic link below ${this.#path.root}: it leads out of it`, {
      cid: this.#path.root,
    })
  }

  /** Whether there was a symbolic link to follow. */
  async #followLast(here: Place): Promise<boolean> {
    if (here.value !== undefined || here.cid.code !== DAG_PB_CODE || this.#path.namespace === 'ipld') return false
    const data = unixFSOf((here.block ??= await this.#reader.get(here.cid, this.#options)))
    if (data?.type !== 'symlink') return false
    this.#follow(here, toString(data.data))
    this.#here()
    return true
  }

  async #step(here: Place, name: string): Promise<void> {
    if (here.value !== undefined) {
      this.#enter(here, { name, inside: here.value })
      return
    }
    const block = (here.block ??= await this.#reader.get(here.cid, this.#options))
    if (block.cid.code !== DAG_PB_CODE || this.#path.namespace === 'ipld') {
      if (block.cid.code === RAW_CODE) throw belowFile(here.cid, name)
      this.#enter(here, { name, inside: decodeBlock(block) })
      return
    }
    const data = unixFSOf(block)
    if (data?.type === 'symlink') this.#follow(here, toString(data.data), name)
    else this.#trail.push(await this.#below(block, data, name))
  }

  /** Goes to a field of the value that `here` has, or through the link in it. */
  #enter({ cid, remainder }: Place, { name, inside }: { readonly name: string; readonly inside: IpldValue }): void {
    const value = fieldOf(inside, name)
    if (value === undefined) throw missing(cid, [...remainder, name].join('/'))
    this.#trail.push(
      isLink(value) ? { cid: value, remainder: [], value: undefined } : { cid, remainder: [...remainder, name], value },
    )
  }

  /** What a name leads to in a directory, or, when the node is not of UnixFS, by the name of a link. */
  async #below(block: Block, data: UnixFSData | undefined, name: string): Promise<Place> {
    const { cid } = block
    if (data === undefined) {
      for (const link of eachLink(block))
        if ((link.name ?? '') === name) return { cid: link.cid, remainder: [], value: undefined }
      throw missing(cid, name)
    }
    if (data.type !== 'directory' && data.type !== 'hamt-shard') throw belowFile(cid, name)
    const entry = await findInside(this.#reader, { directory: block, name }, this.#options)
    if (entry === undefined) throw missing(cid, name)
    return { cid: entry.cid, remainder: [], value: undefined }
  }

  /** Puts the target of a symbolic link in its place, before `name`. */
  #follow({ cid }: Place, target: string, name?: string): void {
    if (++this.#hops > SYMLINK_HOPS_MAX) {
      throw new CairnError('LIMIT', `Cannot follow more than ${SYMLINK_HOPS_MAX} symbolic links in one path`, { cid })
    }
    if (target.startsWith('/')) {
      throw new CairnError(
        'INVALID',
        `Cannot follow the symbolic link ${cid}: its target "${target}" is outside of the root`,
        { cid },
      )
    }
    this.#ahead.push(
      ...(name === undefined ? [] : [name]),
      ...target
        .split('/')
        .filter((part) => part !== '' && part !== '.')
        .toReversed(),
    )
    if (this.#ahead.length > PATH_BYTES_MAX)
      throw new CairnError('LIMIT', `Cannot follow the symbolic link ${cid}: the path grows too long`, { cid })
    this.#trail.pop()
  }
}

/** What a UnixFS block says of itself, or `undefined` for dag-pb that is none: then names are those of its links. */
function unixFSOf(block: Block): UnixFSData | undefined {
  try {
    return skimUnixFS(block).data
  } catch (error) {
    if (isCairnError(error, 'INVALID')) return undefined
    throw error
  }
}

function fieldOf(value: IpldValue, name: string): IpldValue | undefined {
  if (isMap(value)) return value.get(name)
  return isList(value) && /^\d{1,15}$/.test(name) ? value[Number(name)] : undefined
}

function missing(cid: CID, name: string): CairnError {
  return new CairnError('NOT_FOUND', `Cannot find "${name}" in ${cid}`, { cid })
}

function belowFile(cid: CID, name: string): CairnError {
  return new CairnError('INVALID', `Cannot find "${name}" in ${cid}: it is a file, not a directory`, { cid })
}

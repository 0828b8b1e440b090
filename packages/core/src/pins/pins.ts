// Pins: the roots that a collection keeps. A pin is recorded only after everything below it is durable here.
import { decode, encode } from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import type { BlockService } from '../block/block-service.ts'
import { blockKey } from '../block/cid.ts'
import { walk } from '../dag/walk.ts'
import { CairnError } from '../errors.ts'
import { Turns } from '../turns.ts'
import type { AbortOptions, BlockReader, KeyValueChange, KeyValueStore } from '../interfaces.ts'

/** `recursive` keeps the whole DAG below a root, `direct` only the block itself. */
export type PinType = 'recursive' | 'direct'

/** One pin. */
export interface Pin {
  /** With the version and codec that it was pinned by. */
  readonly cid: CID
  readonly type: PinType
}

/** How to pin. */
export interface PinOptions extends AbortOptions {
  /** `recursive` by default. */
  readonly type?: PinType
  /** Called with the number of blocks known to be here so far. */
  readonly onProgress?: (blocks: number) => void
}

/** Keys are `pin/` + CIDv1 in base32, so that v0 and v1 of a CID are one pin; values dag-cbor `{ cid, type }`. */
const PREFIX = 'pin/'

/** The pins of a repo. */
export class Pins {
  readonly #records: KeyValueStore
  readonly #blocks: BlockService
  /** Each change reads before it writes, so they go one after the other. */
  readonly #turns = new Turns()

  constructor(parts: { readonly records: KeyValueStore; readonly blocks: BlockService }) {
    this.#records = parts.records
    this.#blocks = parts.blocks
  }

  /**
   * Gets everything that the pin keeps, and then records it, durably. Pinning again is no error; a recursive pin
   * takes the place of a direct one.
   *
   * @throws CONFLICT for a direct pin of what is pinned recursively, else as `BlockService.get`
   */
  async add(cid: CID, { type = 'recursive', signal, onProgress }: PinOptions = {}): Promise<void> {
    const hold = this.#blocks.hold()
    const ensure = (below: CID, options: AbortOptions) => this.#blocks.ensure(below, options)
    try {
      let blocks = 0
      if (type === 'direct') {
        await ensure(cid, { signal })
      } else {
        // A node that is read is claimed as well: it may have been stored long before, under a collection that runs.
        const claiming: BlockReader = {
          get: async (node, options = {}) => {
            await ensure(node, options)
            return this.#blocks.get(node, options)
          },
        }
        for await (const _ of walk(claiming, cid, { visitLeaf: ensure, signal })) onProgress?.(++blocks)
      }
      await this.record(cid, type)
    } finally {
      hold.release()
    }
  }

  /** Records a pin for a DAG that is known to be stored whole, as after an import. @throws CONFLICT as `add` */
  async record(cid: CID, type: PinType = 'recursive'): Promise<void> {
    await this.#change(async () => {
      const present = await this.get(cid)
      if (type === 'direct' && present?.type === 'recursive') {
        throw new CairnError('CONFLICT', `Cannot pin ${cid} directly: it is pinned recursively`, { cid })
      }
      return { key: keyOf(cid), value: encode({ cid, type }) }
    })
  }

  /**
   * Removes the pin of `cid`, durably.
   *
   * @throws NOT_FOUND when there is none, CONFLICT for a recursive pin when `recursive` is false
   */
  async remove(cid: CID, { recursive = true }: { readonly recursive?: boolean } = {}): Promise<void> {
    await this.#change(async () => {
      const present = await this.get(cid)
      if (present === undefined) {
        throw new CairnError('NOT_FOUND', `Cannot unpin ${cid}: not pinned or pinned indirectly`, { cid })
      }
      if (present.type === 'recursive' && !recursive) {
        throw new CairnError('CONFLICT', `Cannot unpin ${cid}: it is pinned recursively`, { cid })
      }
      return { key: keyOf(cid), value: undefined }
    })
  }

  /** The pin of `cid` itself, or `undefined`. */
  async get(cid: CID): Promise<Pin | undefined> {
    const record = await this.#records.get(keyOf(cid))
    return record === undefined ? undefined : decodePin(record)
  }

  /** How `cid` is kept: by a pin of its own, by one above it, or not at all. @throws as `listIndirect` */
  async typeOf(cid: CID, options: AbortOptions = {}): Promise<PinType | 'indirect' | undefined> {
    const own = await this.get(cid)
    if (own !== undefined) return own.type
    const key = blockKey(cid)
    for await (const below of this.listIndirect(options)) if (blockKey(below) === key) return 'indirect'
    return undefined
  }

  /** All pins, in the order of their keys. */
  async *list(): AsyncGenerator<Pin> {
    for await (const [, record] of this.#records.list(PREFIX)) yield decodePin(record)
  }

  /**
   * Blocks below recursive pins that have no pin of their own, each once. Reads the interior nodes of every pin.
   *
   * @throws as `BlockService.get` when a pinned DAG is not whole
   */
  async *listIndirect({ signal }: AbortOptions = {}): AsyncGenerator<CID> {
    const seen = new Set<string>()
    for await (const { cid: root, type } of this.list()) {
      if (type !== 'recursive') continue
      for await (const { cid, parent } of walk(this.#blocks, root, {
        visitLeaf: () => Promise.resolve(),
        seen,
        signal,
      })) {
        if (parent !== undefined && (await this.get(cid)) === undefined) yield cid
      }
    }
  }

  #change(decide: () => Promise<KeyValueChange>): Promise<void> {
    return this.#turns.run(async () => this.#records.batch([await decide()]))
  }
}

function keyOf(cid: CID): string {
  return PREFIX + CID.createV1(cid.code, cid.multihash).toString()
}

function decodePin(record: Uint8Array): Pin {
  try {
    const { cid, type } = decode<{ readonly cid: unknown; readonly type: unknown }>(record)
    const link = CID.asCID(cid)
    if (link !== null && (type === 'recursive' || type === 'direct')) return { cid: link, type }
  } catch (cause) {
    throw new CairnError('CORRUPT', 'Cannot read a pin record: it does not decode', { cause })
  }
  throw new CairnError('CORRUPT', 'Cannot read a pin record: it holds something else')
}

// Reads blocks, and takes none for damaged without a second look in a turn, where nothing is deleted meanwhile. Damage is
// noted in the index, so that the block counts as absent from then on and the next put brings it back.
import { CairnError, identityBlock, type Block } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import type { BlockLog } from './block-log.ts'
import { LookUps } from './look-ups.ts'
import type { Healer } from '../upkeep/healer.ts'
import { proven } from '../upkeep/proof.ts'
import { isMistaken } from '../upkeep/stray.ts'

/** Reads the blocks of one store. */
export class BlockReader {
  readonly #log: BlockLog
  readonly #healer: Healer
  readonly #lookUps: LookUps

  constructor(log: BlockLog, healer: Healer) {
    this.#log = log
    this.#healer = healer
    this.#lookUps = new LookUps((multihashes) => healer.entries(multihashes))
  }

  /** See `BlockStore.get`. */
  async get(cid: CID): Promise<Block | undefined> {
    const [found] = await this.#read([cid])
    if (found instanceof CairnError) throw found
    return found
  }

  /** See `BlockStore.getMany`. */
  async getMany(cids: readonly CID[]): Promise<(Block | undefined)[]> {
    return (await this.#read(cids)).map((found) => (found instanceof CairnError ? undefined : found))
  }

  async #read(cids: readonly CID[]): Promise<(Block | CairnError | undefined)[]> {
    const places = await this.#lookUps.find(cids.map(({ multihash }) => multihash.bytes))
    // Whoever fetches asks for what is not here.
    if (places.every((place) => place === undefined)) return cids.map(identityBlock)
    const values = await this.#log.read(places.map((place) => (place?.location.isDamaged === true ? undefined : place)))
    // Async, so that one failure leaves no other one without a listener.
    return Promise.all(
      cids.map(async (cid, at) => {
        if (places[at] === undefined) return identityBlock(cid)
        if (places[at].location.isDamaged === true) return damage(cid)
        return proven(cid, values[at]) ?? this.lookAgain(cid)
      }),
    )
  }

  /** The block where the index says now that it is: it may have been moved by a put, deleted, or be damaged indeed. */
  lookAgain(cid: CID): Promise<Block | CairnError | undefined> {
    return this.#healer.run(async () => {
      const [place] = await this.#healer.entriesInTurn([cid.multihash.bytes])
      if (place === undefined) return undefined
      if (place.location.isDamaged === true) return damage(cid)
      const [bytes] = await this.#log.read([place])
      const block = proven(cid, bytes)
      if (block !== undefined) return block
      if (bytes === undefined && (await isMistaken(this.#log, place))) return undefined
      await this.#healer.flag(place)
      return damage(cid)
    })
  }
}

function damage(cid: CID): CairnError {
  return new CairnError('CORRUPT', `Cannot read block ${cid}: its stored bytes are damaged`, { cid })
}

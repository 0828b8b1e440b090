// What a gateway has to send below the blocks that it gave: many small blocks cost a round trip each, and as one CAR they
// cost one together. A CAR may hold what nobody asks for, so what it brings waits here, in bounds, until it is wanted.
import {
  blockKey,
  DAG_PB_CODE,
  eachLink,
  isCairnError,
  mayHaveLinks,
  readCar,
  verifyBlock,
  type Block,
  type Clock,
} from '@cairn/core'
import type { Link } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { BoundedMap } from '../client/bounded-map.ts'
import { PINNED_BYTES_FACTOR } from '../limits.ts'
import {
  GATEWAY_CAR_BLOCK_BYTES_MAX,
  GATEWAY_CAR_DEPTH_MIN,
  GATEWAY_CAR_IDLE_MS,
  GATEWAY_CAR_REFUSED_MS,
  GATEWAY_CAR_WANTS_MIN,
  GATEWAY_HELD_BLOCK_BYTES,
  GATEWAY_HELD_BYTES_MAX,
  GATEWAY_LINKS_MAX,
} from './limits.ts'
import { requestCar, type CarScope } from './gateway.ts'

/** What a {@link GatewayDag} works with. */
export interface GatewayDagParts {
  readonly base: string
  readonly clock: Clock
  /** Takes a proven block if it is wanted now, and says whether it was. */
  give(block: Block): Promise<boolean>
  /** A CAR is over or pauses: what is still wanted has to be asked for in another way. */
  readonly ended: () => void
  /** The gateway sent bytes that are not what it called them. */
  readonly lied: (reason: string) => void
}

/** The blocks below one node that the gateway gave. */
interface Family {
  readonly parent: CID
  readonly parentBytes: number
  /** Levels from the first block that the gateway was asked for. */
  readonly depth: number
  /** Children that it gave, and their bytes. */
  given: number
  givenBytes: number
  /** The last CAR that was to bring them. */
  car: Car | undefined
}

/** A child that was not given yet. */
interface Place {
  readonly family: Family
  readonly index: number
  /** Whether it is a link from one shard of a directory to the next. */
  readonly isShard: boolean
}

/** A CAR that is being read. */
interface Car {
  readonly scope: CarScope
  readonly stop: AbortController
  /** Bytes that came since the last block that somebody wanted. */
  idleBytes: number
  /** Whether it brought anything that was wanted. */
  isOfUse: boolean
}

/** Knows what lies below the blocks of one gateway, asks for it as CARs where that pays, and holds what they bring. */
export class GatewayDag {
  readonly #parts: GatewayDagParts
  readonly #places = new BoundedMap<Place>(GATEWAY_LINKS_MAX)
  readonly #held = new Map<string, Block>()
  #heldBytes = 0
  #car: Car | undefined
  #carsFromMs = 0
  #resume: (() => void) | undefined
  #cancelIdle: (() => void) | undefined

  constructor(parts: GatewayDagParts) {
    this.#parts = parts
  }

  /** The block, if a CAR has brought it already. It is held no longer. */
  take(key: string): Block | undefined {
    const block = this.#held.get(key)
    if (block === undefined) return undefined
    this.#drop(key, block)
    this.#used()
    return block
  }

  /** Whether the CAR that is being read is to bring the block. */
  isComing(key: string): boolean {
    if (this.#resume !== undefined) return false
    const place = this.#car && this.#places.get(key)
    return place !== undefined && place.family.car === this.#car && (this.#car?.scope === 'all' || place.isShard)
  }

  get isReading(): boolean {
    return this.#car !== undefined
  }

  /** Takes note of a block that the gateway gave and that has no links. */
  passed(key: string, bytes: number): void {
    const place = this.#places.get(key)
    if (place === undefined) return
    place.family.given++
    place.family.givenBytes += bytes
    this.#places.delete(key)
  }

  /** Takes note of a block that the gateway gave, and of what lies below it. */
  learn(block: Block, from?: Car): void {
    const key = blockKey(block.cid)
    const place = this.#places.get(key)
    this.passed(key, block.bytes.length)
    if (!mayHaveLinks(block.cid)) return
    const depth = (place?.family.depth ?? 0) + 1
    const parentBytes = block.bytes.length
    const car = from ?? (place?.family.car === this.#car ? this.#car : undefined)
    const family: Family = { parent: block.cid, parentBytes, depth, given: 0, givenBytes: 0, car }
    let index = 0
    for (const { cid, name = '' } of readLinks(block)) {
      if (index >= GATEWAY_LINKS_MAX) return
      const isShard = block.cid.code === DAG_PB_CODE && /^[\dA-F]{2}$/.test(name)
      this.#places.set(blockKey(cid), { family, index: index++, isShard })
    }
  }

  /** Asks for a CAR if it would bring much of what is wanted, given oldest first. */
  ask(wanted: readonly CID[]): void {
    if (this.#car !== undefined || this.#parts.clock.now() < this.#carsFromMs) return
    const [first] = wanted
    const family = first && this.#places.get(blockKey(first))?.family
    if (family === undefined || family.car !== undefined) return
    const places = wanted
      .flatMap((cid) => this.#places.get(blockKey(cid)) ?? [])
      .filter((place) => place.family === family)
    if (!isLine(family, places) && !isChain(family)) return
    const scope = places.every(({ isShard }) => isShard) ? 'entity' : 'all'
    const car: Car = { scope, stop: new AbortController(), idleBytes: 0, isOfUse: false }
    family.car = car
    this.#car = car
    this.#watch(car)
    void this.#read(family.parent, car)
  }

  /** Ends what is being read and forgets what is held. */
  close(): void {
    this.#cancelIdle?.()
    this.#cancelIdle = undefined
    const car = this.#car
    this.#car = undefined
    car?.stop.abort()
    this.#held.clear()
    this.#heldBytes = 0
    this.#resume?.()
  }

  async #read(root: CID, car: Car): Promise<void> {
    const { base, clock, ended, lied } = this.#parts
    try {
      const content = await requestCar(base, root, { scope: car.scope, signal: car.stop.signal })
      for await (const event of content === undefined ? [] : readCar(content)) {
        if (event.kind === 'block') await this.#bring(event.block, car)
        if (car.stop.signal.aborted || car.idleBytes > GATEWAY_HELD_BYTES_MAX) break
      }
    } catch (error) {
      // A block that is not what it is called is a lie; whatever else is wrong ends this CAR and nothing more.
      const isLie = isCairnError(error, 'CORRUPT') && error.cid !== undefined
      if (isLie && this.#car === car) lied(error.message)
    } finally {
      car.stop.abort()
      if (!car.isOfUse) this.#carsFromMs = clock.now() + GATEWAY_CAR_REFUSED_MS
      if (this.#car === car) {
        this.#car = undefined
        ended()
      }
    }
  }

  /** Hands a block on, or holds it until it is wanted; no more is read than may be held. */
  async #bring(block: Block, car: Car): Promise<void> {
    const key = blockKey(block.cid)
    const bytes = block.bytes.length + GATEWAY_HELD_BLOCK_BYTES
    car.idleBytes += bytes
    // What was given before, and what no block links to, is of no use; what is below it may be.
    if (this.#places.get(key) === undefined) return this.#expectBelow(block, car)
    this.learn(block, car)
    if (await this.#parts.give(block)) return this.#used()
    if (this.#car !== car) return
    this.#held.set(key, unpinned(block))
    this.#heldBytes += bytes
    if (this.#heldBytes > GATEWAY_HELD_BYTES_MAX) await this.#room()
  }

  /** Expects of a CAR what is not here yet of the children of a block in it. */
  #expectBelow(block: Block, car: Car): void {
    if (!mayHaveLinks(block.cid)) return
    for (const { cid } of readLinks(block)) {
      const family = this.#places.get(blockKey(cid))?.family
      if (family === undefined || !family.parent.equals(block.cid)) continue
      family.car = car
      return
    }
  }

  /** Resolves when half of what was held has been taken; what lies further on can be had sooner in another way. */
  async #room(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#resume = resolve
    this.#parts.ended()
    await promise
    this.#resume = undefined
  }

  /** Takes note that somebody wanted what a CAR brought. */
  #used(): void {
    if (this.#car !== undefined) {
      this.#car.isOfUse = true
      this.#car.idleBytes = 0
    }
    this.#watch(this.#car)
    if (this.#heldBytes <= GATEWAY_HELD_BYTES_MAX / 2) this.#resume?.()
  }

  /** Ends a CAR that gives nothing for some time that anybody wants, and drops what is held. */
  #watch(car: Car | undefined): void {
    this.#cancelIdle?.()
    this.#cancelIdle = this.#parts.clock.after(GATEWAY_CAR_IDLE_MS, () => {
      this.close()
      if (car !== undefined) this.#parts.ended()
    })
  }

  #drop(key: string, block: Block): void {
    this.#held.delete(key)
    this.#heldBytes -= block.bytes.length + GATEWAY_HELD_BLOCK_BYTES
  }
}

/** Whether small children are wanted one after another from where the gateway is: as a reader, not one that seeks, does. */
function isLine(family: Family, places: readonly Place[]): boolean {
  if (places.length < GATEWAY_CAR_WANTS_MIN || family.given === 0) return false
  const indexes = places.map(({ index }) => index)
  const last = indexes.reduce((most, index) => Math.max(most, index), 0)
  const isSmall = family.givenBytes / family.given <= GATEWAY_CAR_BLOCK_BYTES_MAX
  // What others give leaves gaps, which a CAR would fill in vain.
  return isSmall && last < 2 * (places.length + family.given)
}

/** Whether small blocks were found one below the other. */
function isChain({ depth, parentBytes }: Family): boolean {
  return depth >= GATEWAY_CAR_DEPTH_MIN && parentBytes <= GATEWAY_CAR_BLOCK_BYTES_MAX
}

/** The block without the piece of the CAR that it lies in, of which it may be a small part. */
function unpinned(block: Block): Block {
  const { cid, bytes } = block
  const isSmall = bytes.length * PINNED_BYTES_FACTOR < bytes.buffer.byteLength
  return isSmall ? verifyBlock(cid, bytes.slice()) : block
}

function readLinks(block: Block): Iterable<Link> {
  try {
    return eachLink(block)
  } catch (error) {
    if (isCairnError(error)) return []
    throw error
  }
}

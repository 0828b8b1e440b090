// What a repo ought to hold after a history of changes: the model of model.test.ts. Time is counted in groups of actions
// that run at once; what a group leaves open is settled by a look at the store when it has ended.
import {
  blockKey,
  formatCid,
  IDENTITY_CODE,
  identityBlock,
  linksOf,
  RAW_CODE,
  type Block,
  type Hold,
  type PinType,
} from '@cairn/core'
import type { CID } from 'multiformats/cid'
import type { Group } from './model-group.ts'

/** A block that was stored at some time. */
export interface Known {
  readonly block: Block
  readonly links: readonly CID[]
  /** Links on the longest way down, as far as it is known. */
  readonly depth: number
  isStored: boolean
  /** The last group that may have put or claimed it, and the last one that surely has. */
  maybeTouched: number
  surelyTouched: number
}

/** A pin as the model has it. */
export interface ModelPin {
  readonly cid: CID
  readonly type: PinType
  readonly names: ReadonlySet<string>
}

/** Blocks that are gone and are still watched, so that none comes back. */
const GHOSTS_MAX = 300

/** What is known of a repo. */
export class Model {
  readonly blocks = new Map<string, Known>()
  /** By {@link pinText}. */
  readonly pins = new Map<string, ModelPin>()
  readonly holds: { readonly hold: Hold; readonly since: number }[] = []
  /** Number of the group that runs. */
  time = 0

  /** Makes blocks known that are about to be put, children first. */
  meet(blocks: readonly Block[]): void {
    for (const block of blocks) {
      const key = blockKey(block.cid)
      if (block.cid.multihash.code === IDENTITY_CODE || this.blocks.has(key)) continue
      const links = linksOf(block).map(({ cid }) => cid)
      const depth = 1 + Math.max(0, ...links.map((cid) => this.blocks.get(blockKey(cid))?.depth ?? 0))
      this.blocks.set(key, { block, links, depth, isStored: false, maybeTouched: -1, surelyTouched: -1 })
    }
  }

  /** Keys of the blocks that pins such as these keep. */
  reach(roots: Iterable<{ readonly cid: CID; readonly type: PinType }>): Set<string> {
    const keys = new Set<string>()
    const seen = new Set<string>()
    const ahead: CID[] = []
    for (const { cid, type } of roots) {
      if (type === 'recursive') ahead.push(cid)
      else keys.add(blockKey(cid))
    }
    for (let cid = ahead.pop(); cid !== undefined; cid = ahead.pop()) {
      const key = blockKey(cid)
      if (cid.multihash.code !== IDENTITY_CODE) keys.add(key)
      if (cid.code === RAW_CODE || seen.has(key)) continue
      seen.add(key)
      for (const link of this.#linksOf(cid, key)) ahead.push(link)
    }
    return keys
  }

  /** Keys of the blocks that are pinned. */
  live(): Set<string> {
    return this.reach(this.pins.values())
  }

  stored(): Set<string> {
    return new Set([...this.blocks].filter(([, { isStored }]) => isStored).map(([key]) => key))
  }

  addPin(cid: CID, type: PinType, names: Iterable<string>): void {
    const present = this.pins.get(pinText(cid))
    this.pins.set(pinText(cid), { cid, type, names: new Set([...(present?.names ?? []), ...names]) })
  }

  /** What is wrong with `stored`, the keys of all blocks that are there after `group`; takes it for true then. */
  settle(group: Group, stored: ReadonlySet<string>): string[] {
    const live = this.live()
    const wrong = [...stored].filter((key) => !this.blocks.has(key)).map((key) => `unknown: ${hexOf(key)}`)
    for (const [key, known] of this.blocks) {
      const isStored = stored.has(key)
      const expected = group.expects(key, known, { live, protectedSince: this.protectedSince })
      if (expected !== undefined && expected !== isStored)
        wrong.push(`${isStored ? 'should be gone' : 'is missing'}: ${known.block.cid} ${hexOf(key)}`)
      known.isStored = isStored
      group.touch(key, known)
    }
    for (const key of live) if (!this.blocks.has(key)) wrong.push(`pinned and never put: ${hexOf(key)}`)
    this.#forget()
    return wrong
  }

  /** Groups after this one have touched what holds protect. */
  get protectedSince(): number {
    return Math.min(Infinity, ...this.holds.map(({ since }) => since))
  }

  #linksOf(cid: CID, key: string): readonly CID[] {
    const inline = identityBlock(cid)
    return inline === undefined ? (this.blocks.get(key)?.links ?? []) : linksOf(inline).map((link) => link.cid)
  }

  #forget(): void {
    const ghosts = [...this.blocks].filter(([, { isStored }]) => !isStored)
    for (const [key] of ghosts.slice(0, Math.max(0, ghosts.length - GHOSTS_MAX))) this.blocks.delete(key)
  }
}

/** Names a pin: version and base of its CID do not matter. */
export function pinText(cid: CID): string {
  return formatCid(cid.toV1())
}

function hexOf(key: string): string {
  return Buffer.from(key, 'latin1').toString('hex')
}

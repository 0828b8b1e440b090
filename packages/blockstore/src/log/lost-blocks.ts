// What a log has lost, as the index that was made from it before tells, and names it in the new one. Most entries of the old one
// are known to be in the log by what its walk has noted; the others are looked up.
import type { OnRecovery } from '../recovery-event.ts'
import { storedBlock } from '../stored-block.ts'
import { isMistaken } from '../upkeep/stray.ts'
import type { BlockIndex } from './block-index.ts'
import type { BlockLog, Placed } from './block-log.ts'
import type { RecordPrints } from './record-prints.ts'

/** Where lost blocks were, and who is told. */
export interface LostBlockParts {
  readonly log: BlockLog
  /** The records that `index` was made from. */
  readonly prints: RecordPrints
  readonly onRecovery?: OnRecovery | undefined
}

/**
 * Enters into `index`, as damaged, what `old` has and the log, which `index` was made from, has not. Gives the last
 * sequence of that.
 */
export async function nameLost(old: BlockIndex, index: BlockIndex, parts: LostBlockParts): Promise<number> {
  const { log, prints, onRecovery } = parts
  let lastSequence = 0
  for await (const whole of old.readablePages()) {
    const page = whole.filter((place) => place.location.isDamaged === true || !prints.has(place))
    if (page.length === 0) continue
    const places = await index.entries(page.map(({ multihash }) => multihash))
    const gone = await notMistaken(
      log,
      page.filter((_, at) => places[at] === undefined),
    )
    const known = page.filter((place, at) => place.location.isDamaged === true && isSamePlace(place, places[at]))
    const moved = page.filter(
      (place, at) => place.location.isDamaged !== true && places[at] !== undefined && !isSamePlace(place, places[at]),
    )
    if (gone.length > 0) await index.addLost(gone)
    if (known.length > 0) await index.flag(known)
    const news = [
      ...gone.filter(({ location }) => location.isDamaged !== true),
      ...(await settleMoved(moved, index, log)),
    ]
    const cids = news.map(({ multihash, location }) => storedBlock(multihash, location.size).cid)
    if (cids.length > 0) onRecovery?.({ kind: 'damaged', cids, foundBy: 'recovery' })
    for (const { location } of gone) lastSequence = Math.max(lastSequence, location.sequence)
  }
  return lastSequence
}

/**
 * Looks whether blocks that `index` has elsewhere than before, at `places`, are there. A damaged key may be met on a walk and
 * yet be found by no read. Gives those that are in neither place, which are flagged.
 */
async function settleMoved(places: readonly Placed[], index: BlockIndex, log: BlockLog): Promise<Placed[]> {
  const unfound: Placed[] = []
  // One by one: there are few of them, and blocks may be large.
  for (const place of places) {
    const [now] = await index.entries([place.multihash])
    if (now === undefined || (await isRead(log, now))) continue
    await index.flag([now])
    if (await isRead(log, place)) await index.mend([place])
    else unfound.push(place)
  }
  return unfound
}

async function isRead(log: BlockLog, place: Placed): Promise<boolean> {
  const [bytes] = await log.read([place])
  return bytes !== undefined
}

function isSamePlace({ location }: Placed, other: Placed | undefined): boolean {
  return other?.location.sequence === location.sequence
}

async function notMistaken(log: BlockLog, places: readonly Placed[]): Promise<Placed[]> {
  const kept: Placed[] = []
  for (const place of places) if (!(await isMistaken(log, place))) kept.push(place)
  return kept
}

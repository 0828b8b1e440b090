// Reads every block and looks whether its bytes are still its own: first the log in its order, which is how the disk gives
// it fastest, and then the index, for entries whose record is gone. On the way it mends an index that is wrong.
import { CairnError } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { FIRST_SEQUENCE, type LogRecord, type Placed } from '../log/block-log.ts'
import type { BlockReader } from '../log/block-reader.ts'
import { FIRST_MULTIHASH } from '../log/record.ts'
import { storedBlock } from '../stored-block.ts'
import { cidOf, proves } from './proof.ts'
import { isMistaken, mend, type StrayParts } from './stray.ts'

/** What one step of a scrub looked at. */
export interface ScrubStep {
  /** Where to go on after it; `undefined` behind the last one. */
  readonly next: string | undefined
  /** Blocks whose bytes were read, and these bytes. */
  readonly blocks: number
  readonly bytes: number
  /** Blocks found to be damaged or gone, as raw CIDv1; those that were known before are not news. */
  readonly damaged: readonly CID[]
  /** Blocks that the index lacked, or had in a wrong place, and has again. */
  readonly mended: readonly CID[]
}

/** What a scrub works on. */
export interface ScrubParts extends StrayParts {
  readonly reader: BlockReader
}

/** Looks at all blocks, from where a step said that the next one begins. @throws INVALID for another `from` */
export async function* scrub(parts: ScrubParts, from: string | undefined): AsyncGenerator<ScrubStep, void, undefined> {
  const start = parsePosition(from)
  if ('sequence' in start) {
    // Before anything is read: LevelDB would not survive it.
    await parts.healer.mendLog()
    const { blocks } = parts.index.totals
    const end = parts.settledSequence()
    const sound = yield* scrubLog(parts, start.sequence)
    // Every entry has its record when there are as many of both, and nothing was put or deleted meanwhile.
    const isWhole = sound === blocks && parts.index.totals.blocks === blocks && parts.settledSequence() === end
    if (isWhole) yield { next: undefined, blocks: 0, bytes: 0, damaged: [], mended: [] }
    else yield* scrubIndex(parts, FIRST_MULTIHASH)
  } else {
    yield* scrubIndex(parts, start.multihash)
  }
}

/** Gives the number of blocks that are sound and where the index says. */
async function* scrubLog(parts: ScrubParts, start: number): AsyncGenerator<ScrubStep, number, undefined> {
  let sound = 0
  let next = `log:${start}`
  for await (const page of parts.log.scan(start)) {
    const damaged: CID[] = []
    const mended: CID[] = []
    const places = await parts.healer.entries(page.map(({ multihash }) => multihash))
    for (const [at, record] of page.entries()) {
      const cid = cidOf(record)
      // A record whose key is damaged names nothing; what it was is missed by the index.
      if (cid === undefined) continue
      const isSound = proves(cid, record.bytes)
      if (isSound && isSoundAt(places[at], record)) {
        sound++
        continue
      }
      const outcome = await check(parts, { cid, record, place: places[at], isSound })
      if (outcome === 'damaged') damaged.push(cid)
      else if (outcome === 'mended') mended.push(cid)
    }
    const last = page.at(-1)
    if (last !== undefined) next = `log:${last.location.sequence + 1}`
    yield { next, blocks: page.length, bytes: page.reduce((sum, { bytes }) => sum + bytes.length, 0), damaged, mended }
  }
  return sound
}

interface Found {
  readonly cid: CID
  readonly record: LogRecord
  /** Where the index says that the block is. */
  readonly place: Placed | undefined
  readonly isSound: boolean
}

/** Whether the index has the block of `record` there, and as sound. */
function isSoundAt(place: Placed | undefined, { location }: LogRecord): boolean {
  return place?.location.sequence === location.sequence && place.location.isDamaged !== true
}

/** What is wrong with one record, if it is news. */
async function check(parts: ScrubParts, found: Found): Promise<'damaged' | 'mended' | undefined> {
  const { cid, record, place, isSound } = found
  if (isSoundAt(place, record)) {
    return !isSound && (await parts.reader.lookAgain(cid)) instanceof CairnError ? 'damaged' : undefined
  }
  return isSound && (await mend(parts, record)) ? 'mended' : undefined
}

async function* scrubIndex(parts: ScrubParts, start: Uint8Array): AsyncGenerator<ScrubStep, void, undefined> {
  const { log, reader, healer } = parts
  const none = { blocks: 0, bytes: 0, damaged: [], mended: [] }
  let isMadeAnew = false
  for await (const page of healer.allPages(start)) {
    const sound = page.filter(({ location }) => location.isDamaged !== true)
    const isThere = await log.hasMany(sound)
    const damaged: CID[] = []
    for (const place of sound.filter((_, at) => isThere[at] !== true)) {
      const { cid } = storedBlock(place.multihash, place.location.size)
      if ((await reader.lookAgain(cid)) instanceof CairnError) damaged.push(cid)
      // Damaged keys are out of order, so that LevelDB cannot delete them.
      else if (!isMadeAnew && (await isMistaken(log, place))) {
        isMadeAnew = true
        await healer.remakeIndex()
      }
    }
    yield { ...none, next: `index:${toString(page.at(-1)?.multihash ?? start, 'base16')}`, damaged }
  }
  yield { ...none, next: undefined }
}

function parsePosition(from: string | undefined): { readonly sequence: number } | { readonly multihash: Uint8Array } {
  if (from === undefined) return { sequence: FIRST_SEQUENCE }
  const [, sequence, multihash] = /^(?:log:(\d{1,16})|index:((?:[0-9a-f]{2})+))$/.exec(from) ?? []
  if (sequence !== undefined) return { sequence: Number(sequence) }
  if (multihash !== undefined) return { multihash: fromString(multihash, 'base16') }
  throw new CairnError('INVALID', `Cannot go on with a scrub at "${from}": it is no place of one`)
}

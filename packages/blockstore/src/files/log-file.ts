// LevelDB's own log as a file: its repair takes records over without a look at their checksums, so that a damaged one would
// go into a table as it is. Format: doc/log_format.md of LevelDB: blocks of 32 KiB, which no record's header crosses.
import { maskedCrc32c } from './crc32c.ts'

const BLOCK_BYTES = 32_768
/** Checksum (4 bytes) of what follows the length, length (2, little-endian), type (1). */
const HEADER_BYTES = 7
const TYPE_AT = 6
/** A record that crosses a block is cut into parts. */
const TYPE = { first: 2, middle: 3, last: 4 } as const

/** What lies at one place of the file. */
interface Piece {
  readonly at: number
  readonly end: number
  readonly blockEnd: number
  /** `torn`: the file ends in it, which LevelDB takes for the end of what was written. */
  readonly kind: 'sound' | 'blank' | 'torn' | 'damaged'
}

/** Blanks each damaged record with the rest of its block, which is what LevelDB leaves out when it opens; gives how many. */
export function blankDamaged(file: Uint8Array): number {
  let blanked = 0
  for (const { at, blockEnd, kind } of pieces(file)) {
    if (kind !== 'torn' && kind !== 'damaged') continue
    file.fill(0, at, blockEnd)
    blanked++
  }
  return blanked
}

/** Whether LevelDB, when it opens, leaves out records that were written whole. */
export function hasDamaged(file: Uint8Array): boolean {
  let isOpen = false
  for (const { at, kind } of pieces(file)) {
    if (kind === 'damaged') return true
    if (kind !== 'sound') continue
    const type = file[at + TYPE_AT]
    const goesOn = type === TYPE.middle || type === TYPE.last
    if (goesOn !== isOpen) return true
    isOpen = type === TYPE.first || type === TYPE.middle
  }
  return false
}

function* pieces(file: Uint8Array): Generator<Piece> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  for (let at = 0; at < file.length;) {
    const fullEnd = (Math.floor(at / BLOCK_BYTES) + 1) * BLOCK_BYTES
    const blockEnd = Math.min(fullEnd, file.length)
    const hasHeader = at + HEADER_BYTES <= blockEnd
    const end = hasHeader ? at + HEADER_BYTES + view.getUint16(at + 4, true) : fullEnd
    const isBlank = file.subarray(at, Math.min(at + HEADER_BYTES, blockEnd)).every((byte) => byte === 0)
    const isSound =
      hasHeader && end <= blockEnd && view.getUint32(at, true) === maskedCrc32c(file.subarray(at + TYPE_AT, end))
    const isTorn = !isSound && end > file.length && end <= fullEnd
    const kind = isBlank ? 'blank' : isSound ? 'sound' : isTorn ? 'torn' : 'damaged'
    yield { at, end, blockEnd, kind }
    at = kind === 'sound' ? end : blockEnd
  }
}

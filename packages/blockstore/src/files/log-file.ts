// LevelDB's own log as a file: its repair takes records over without a look at their checksums, so that a damaged one would
// go into a table as it is. Format: doc/log_format.md of LevelDB: blocks of 32 KiB, which no record's header crosses.
import { maskedCrc32c } from './crc32c.ts'

const BLOCK_BYTES = 32_768
/** Checksum (4 bytes) of what follows the length, length (2, little-endian), type (1). */
const HEADER_BYTES = 7
const TYPE_AT = 6

/** Blanks each damaged record with the rest of its block, which is what LevelDB leaves out when it opens; gives how many. */
export function blankDamaged(file: Uint8Array): number {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  let blanked = 0
  for (let at = 0; at < file.length;) {
    const blockEnd = Math.min((Math.floor(at / BLOCK_BYTES) + 1) * BLOCK_BYTES, file.length)
    const end = at + HEADER_BYTES > blockEnd ? blockEnd : at + HEADER_BYTES + view.getUint16(at + 4, true)
    const isBlank = file.subarray(at, Math.min(at + HEADER_BYTES, blockEnd)).every((byte) => byte === 0)
    const isSound =
      at + HEADER_BYTES <= blockEnd &&
      end <= blockEnd &&
      view.getUint32(at, true) === maskedCrc32c(file.subarray(at + TYPE_AT, end))
    if (!isBlank && !isSound) {
      file.fill(0, at, blockEnd)
      blanked++
    }
    at = isBlank || !isSound ? blockEnd : end
  }
  return blanked
}

// CRC-32C (Castagnoli, RFC 3720), the checksum in LevelDB's files; Node has only the other polynomial.

/** For each of eight bytes that are taken at once, what it adds to the sum. */
const TABLES: readonly Int32Array[] = tables()

/** The checksum of `bytes` as LevelDB stores it: rotated and offset, so that sums of sums stay useful. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const sum = crc32c(bytes)
  return (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0
}

function crc32c(bytes: Uint8Array): number {
  const [t0 = EMPTY, t1 = EMPTY, t2 = EMPTY, t3 = EMPTY, t4 = EMPTY, t5 = EMPTY, t6 = EMPTY, t7 = EMPTY] = TABLES
  const at = (table: Int32Array, index: number): number => table[index] ?? 0
  const byte = (index: number): number => bytes[index] ?? 0
  let sum = -1
  let index = 0
  for (; index + 8 <= bytes.length; index += 8) {
    sum ^= byte(index) | (byte(index + 1) << 8) | (byte(index + 2) << 16) | (byte(index + 3) << 24)
    sum =
      at(t7, sum & 0xff) ^
      at(t6, (sum >>> 8) & 0xff) ^
      at(t5, (sum >>> 16) & 0xff) ^
      at(t4, sum >>> 24) ^
      at(t3, byte(index + 4)) ^
      at(t2, byte(index + 5)) ^
      at(t1, byte(index + 6)) ^
      at(t0, byte(index + 7))
  }
  for (; index < bytes.length; index++) sum = at(t0, (sum ^ byte(index)) & 0xff) ^ (sum >>> 8)
  return (sum ^ -1) >>> 0
}

const EMPTY = new Int32Array(256)

function tables(): Int32Array[] {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let sum = byte
    for (let bit = 0; bit < 8; bit++) sum = (sum & 1) === 0 ? sum >>> 1 : (sum >>> 1) ^ 0x82f63b78
    return sum
  })
  const all = [first]
  for (let number = 1; number < 8; number++) {
    const before = all[number - 1] ?? first
    all.push(before.map((sum) => (first[sum & 0xff] ?? 0) ^ (sum >>> 8)))
  }
  return all
}

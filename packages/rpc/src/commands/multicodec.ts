// Names of the numbers in CIDs that people meet, for those that Cairn cannot read as well. Source: the multicodec table.

/** A number and its name, as Kubo lists them. */
export interface CodeAndName {
  readonly Code: number
  readonly Name: string
}

/** Codecs of blocks. */
export const CODECS: readonly CodeAndName[] = [
  { Code: 0x51, Name: 'cbor' },
  { Code: 0x55, Name: 'raw' },
  { Code: 0x70, Name: 'dag-pb' },
  { Code: 0x71, Name: 'dag-cbor' },
  { Code: 0x72, Name: 'libp2p-key' },
  { Code: 0x78, Name: 'git-raw' },
  { Code: 0x7b, Name: 'torrent-info' },
  { Code: 0x7c, Name: 'torrent-file' },
  { Code: 0x85, Name: 'dag-jose' },
  { Code: 0x86, Name: 'dag-cose' },
  { Code: 0x0129, Name: 'dag-json' },
  { Code: 0x0200, Name: 'json' },
]

/** Hash functions that a CID may name; see `checkMultihash` of the core. */
export const HASHES: readonly CodeAndName[] = [
  { Code: 0x00, Name: 'identity' },
  { Code: 0x11, Name: 'sha1' },
  { Code: 0x12, Name: 'sha2-256' },
  { Code: 0x13, Name: 'sha2-512' },
  { Code: 0x14, Name: 'sha3-512' },
  { Code: 0x15, Name: 'sha3-384' },
  { Code: 0x16, Name: 'sha3-256' },
  { Code: 0x17, Name: 'sha3-224' },
  { Code: 0x19, Name: 'shake-256' },
  { Code: 0x1a, Name: 'keccak-224' },
  { Code: 0x1b, Name: 'keccak-256' },
  { Code: 0x1c, Name: 'keccak-384' },
  { Code: 0x1d, Name: 'keccak-512' },
  { Code: 0x1e, Name: 'blake3' },
  { Code: 0x56, Name: 'dbl-sha2-256' },
  { Code: 0xb214, Name: 'blake2b-160' },
  { Code: 0xb220, Name: 'blake2b-256' },
  { Code: 0xb240, Name: 'blake2b-512' },
  { Code: 0xb260, Name: 'blake2s-256' },
]

/** The name of a number, or the number itself as `0x…`. */
export function nameOf(table: readonly CodeAndName[], code: number): string {
  return table.find(({ Code }) => Code === code)?.Name ?? `0x${code.toString(16)}`
}

// What a chunker is: it cuts a stream of bytes of any piece size into the chunks that become leaves.

/** A stage from bytes to chunks: concat(chunks) = concat(pieces), no chunk is empty, no input gives no chunk. */
export interface Chunker {
  (pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array>
  /** Bytes of the longest content that is one chunk whatever it is. */
  readonly loneBytesMax: number
}

// What a chunker is: it cuts a stream of bytes of any piece size into the chunks that become leaves.

/** A stage from bytes to chunks: concat(chunks) = concat(pieces), no chunk is empty, no input gives no chunk. */
export type Chunker = (pieces: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array>

// What is answered: less than a web-standard Response, so that a small file costs no stream.

/** Content that can be read from any place on, so that nothing of it has to be kept for a client that pauses. */
export interface SeekableBody {
  /** Bytes that there are. */
  readonly size: number
  /** The bytes from `offset` to the end. */
  bytesFrom(offset: number): AsyncIterable<Uint8Array>
}

/** Content of an answer. Whoever ends the iteration early frees what it holds. */
export type GatewayBody = Uint8Array | string | AsyncIterable<Uint8Array> | SeekableBody

/** An answer; without a body nothing follows its headers. */
export interface GatewayAnswer {
  readonly status: number
  /** By their names as they are written. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: GatewayBody | undefined
}

/** Whether a body can be read from any place on. */
export function isSeekable(body: GatewayBody): body is SeekableBody {
  return typeof body === 'object' && 'bytesFrom' in body
}

/** The bytes of a body in pieces. */
export async function* bytesOf(body: GatewayBody): AsyncGenerator<Uint8Array, void, void> {
  if (typeof body === 'string') yield new TextEncoder().encode(body)
  else if (body instanceof Uint8Array) yield body
  else yield* isSeekable(body) ? body.bytesFrom(0) : body
}

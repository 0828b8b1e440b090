// Why something that a peer sent was dropped, and how often. The reasons are few and fixed, whatever peers send, so that they can
// be fields of an answer or labels of a metric. What each does to the peer is in docs/formats/bitswap.md.
import { CairnError, type ErrorCode } from '@cairn/core'

/** In the order of what is read first: streams, messages, their entries, blocks, and then peers. */
export const REFUSAL_REASONS = [
  /** The length before a message takes more bytes than 4 MiB need. */
  'length-malformed',
  /** A message of more than 4 MiB. */
  'length-too-large',
  /** The stream ended within a message. */
  'stream-cut',
  /** The stream of a peer that held most of what was unread, when that was too much. */
  'stream-unread',
  /** Bytes that are no message of bitswap. */
  'message-malformed',
  'message-too-many-parts',
  /** A block whose prefix is missing, or is not version, codec, hash and length. */
  'prefix-malformed',
  /** A CID that is missing, does not parse, or has padded varints. */
  'cid-malformed',
  'cid-too-long',
  'cid-identity',
  /** The CID of a hash function, or of a length of its digest, that is not allowed. */
  'cid-hash-refused',
  /** A want or a presence of a type that came after bitswap 1.2.0. */
  'type-unknown',
  /** A want for which the peer's ledger has no room. */
  'want-without-room',
  /** A block of more than 2 MiB. */
  'block-too-large',
  /** A block of a hash function that is not known, or whose digest has a length that is not allowed. */
  'block-hash-refused',
  /** A block that nobody asked for, or whose bytes are not those that were asked for. */
  'block-unasked',
  /** A block that was wanted, once too often. */
  'block-repeated',
  /** A block of a peer that is asked for nothing, since it sent wrong ones. */
  'block-distrusted',
  /** A peer that gave neither the block nor DONT_HAVE in time; its wants went to others. */
  'peer-silent',
  /** A peer that came back too soon after it had broken the protocol again and again, or whoever came from where such peers do. */
  'peer-refused',
] as const

/** A reason for which something is dropped. */
export type RefusalReason = (typeof REFUSAL_REASONS)[number]

/** How often each has been the reason, zeros and all. */
export type RefusalCounts = Readonly<Record<RefusalReason, number>>

/** What came of a peer cannot be read, for a reason that is counted. */
export class BadInput extends CairnError {
  readonly reason: RefusalReason

  constructor(
    reason: RefusalReason,
    message: string,
    options: { readonly code?: ErrorCode; readonly cause?: unknown } = {},
  ) {
    const { code = 'INVALID', cause } = options
    super(code, message, { cause })
    this.reason = reason
  }
}

/** Counts what is dropped, for all peers together. */
export class Refusals {
  readonly #counts = new Map<RefusalReason, number>()

  count(reason: RefusalReason, times = 1): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + times)
  }

  /** Counts what made `error`; what says nothing else was no message. */
  countError(error: CairnError): void {
    this.count(error instanceof BadInput ? error.reason : 'message-malformed')
  }

  get counts(): RefusalCounts {
    const rows = REFUSAL_REASONS.map((reason) => [reason, this.#counts.get(reason) ?? 0] as const)
    // Every reason has a row.
    return Object.fromEntries(rows) as Record<RefusalReason, number>
  }
}

// Every bound of messages on libp2p streams, with its unit and reason.

/** Bytes of the varint before a message: what a length of 4 MiB takes. */
export const LENGTH_BYTES_MAX = 4

/**
 * Bytes of a message that must have come until there is room for all of it: promises of 4 MiB on many streams cost little. One
 * peer's budget bounds the sum of what its messages promise.
 */
export const FIRST_READ_BYTES = 16 * 1024

/** Bitswap streams that one peer may have open to us: as Helia, which opens one a message and loses what is refused. */
export const INBOUND_STREAMS_MAX = 1024

/** Milliseconds until opening a stream is given up. As in js-libp2p. */
export const STREAM_OPEN_TIMEOUT_MS = 10_000

/** Bytes of later messages that one stream may have ready while a message is handled; only then it is paused. */
export const READ_AHEAD_BYTES_MAX = 256 * 1024

/** Bytes of a stream still unsent at which the next message is taken, so that the line does not run dry in between. */
export const UNSENT_BYTES_MAX = 256 * 1024

/** Bytes of the longest message that is copied behind its length; to copy 1 MiB halves the speed. */
export const JOINED_BYTES_MAX = 16 * 1024

/** Milliseconds that a closing stream has for what it was given. As js-libp2p gives a connection. */
export const STREAM_CLOSE_TIMEOUT_MS = 1000

// Of what has come and is not handled:

/** Bytes of all peers that have sent us nothing that we wanted, which came unasked and are not handled; above it, those who hold most lose their streams. */
export const STRANGERS_UNREAD_BYTES_MAX = 12 * 1024 * 1024

/**
 * Bytes that have come from all peers unasked and are not handled; above it, those who hold most lose their streams. What was
 * asked for comes on top, up to `WINDOW_BYTES_MAX`.
 */
export const UNREAD_BYTES_MAX = 48 * 1024 * 1024

/** Milliseconds between looks at it: 6 MB at 1 Gbit/s. */
export const UNREAD_LOOK_MS = 50

// Of connections, which are not read while their peer owes for what it does on them. A unit is what one want costs, as in
// ../limits.ts:

/** Units of a stream that a peer opens: agreeing on its protocol, noting that, and taking it down. */
export const STREAM_WORK = 300

/** Units of each piece in which bytes come, however few: decrypting it and finding its stream. */
export const PIECE_WORK = 10

/** Bytes of a unit beside: a want takes some more, so what is read is little more than what there is time to take. */
export const READ_BYTES_PER_WORK = 64

/** Bytes that a peer takes for which it is given back a unit: 1,200 are worth a stream, as in Helia, which opens one a message. */
export const SENT_BYTES_PER_WORK = 4

/** Bytes of a stranger unread while a message of it is in hand, from which on its connection is not read: the next message. */
export const BRAKE_BYTES = 64 * 1024

/** Bytes of one peer between looks at what it has unread. */
export const BRAKE_LOOK_BYTES = 16 * 1024

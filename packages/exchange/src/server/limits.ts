// Every bound of the serving side, with its unit and reason.

/** Wants remembered per peer: four times boxo, about 2 MB of memory. */
export const LEDGER_WANTS_MAX = 4096

/** Wants looked up in the store for one answer: bounds the work between two messages to a peer. */
export const ANSWER_WANTS = 128

/** Bytes of a block that is sent in place of HAVE. Source: boxo defaults.go. */
export const SMALL_BLOCK_BYTES = 1024

/** Answers being read or sent, over all peers: at most 64 MiB of blocks in memory. */
export const ANSWERS_MAX = 32

/** Milliseconds after which an answer that is not taken leaves its place among those to others. */
export const LATE_MS = 1000

/** The same for a peer that has hardly taken any, as long as there is room among such answers: many that take nothing cost little time. */
export const LATE_NEW_MS = 250

/** Such answers, over all peers: at most 128 MiB more. One more, and the peer of the oldest is let go. */
export const LATE_ANSWERS_MAX = 64

/** Answers being read or sent for one peer: one on its way while the next is read. */
export const ANSWERS_PER_PEER = 2

/** Milliseconds that a peer may take to accept one answer; a stuck peer would hold its slots for ever. Source: boxo. */
export const SEND_TIMEOUT_MS = 120_000

// Of swarms, peers that want the same as we do:

/** Bytes of an answer of blocks that several peers want: the sooner one has a block whole, the sooner it passes it on. */
export const SHARED_ANSWER_BYTES = 256 * 1024

/** Bytes of a block from which on it is left to others to pass it on. */
export const SHARED_BLOCK_BYTES_MIN = 16 * 1024

/** Answers to others under way while which nobody is sent what another was sent lately. */
export const BUSY_ANSWERS = 2

/** Milliseconds between looks at what was held back for others to pass on. */
export const HELD_MS = 100

/** Milliseconds after which they are not waited for any more. */
export const HELD_MS_MAX = 4000

/** Milliseconds after which a peer that took blocks at once, and is being sent others, is not waited for to pass them on. */
export const TAKING_MS = 1000

/** Answers with blocks that it must have taken before: one may have gone into a buffer. */
export const TAKEN_MIN = 2

/** How many times over it has as long as it took for the last ones: others may want their share of the line by now. */
export const TAKING_TIMES = 4

/** Milliseconds for which a block that was sent counts as sent lately: the time in which who has it may pass it on. */
export const SENT_LATELY_MS = 5000

/** Blocks sent lately that are remembered: 1 Gbit/s of 64 KiB. */
export const SENT_LATELY_MAX = 4096

// Of what all peers together may make us hold and do:

/** Wants remembered for all peers together, at about 360 bytes each: 12 MB. Above it each peer may have an equal part. */
export const WANTS_MAX = 32_768

/** Wants taken from a message before others go on: half a millisecond. */
export const WORK_SLICE_WANTS = 512

/** Wants without room that a peer is told of at a time: more are passed over in silence, as they all are by boxo. */
export const REFUSALS_MAX = 512

// Every bound that several parts of the exchange share, with its unit and reason; those of one part are in its own limits.ts.
// What other implementations do is in docs/formats/bitswap.md.

/** Bytes of the largest message that is accepted. Source: bitswap-protocol.md. */
export const MESSAGE_BYTES_MAX = 4 * 1024 * 1024

/** Entries, blocks and presences of one message; peers remember 1,024 wants, so more is a flood. */
export const MESSAGE_PARTS_MAX = 16_384

/** Bytes of the longest CID on the wire: a digest of 128 bytes and four varints of ten. Source: boxo defaults.go. */
export const CID_BYTES_MAX = 168

/** Wants sent in one message: what boxo takes from one, so that nothing of ours is dropped there. */
export const WANTS_PER_MESSAGE = 1024

/** Bytes expected from all peers together: bounds the memory that answers can take at once. */
export const WINDOW_BYTES_MAX = 128 * 1024 * 1024

/** How many times its own size of memory a block may keep: it is a view into its message, or a copy when that is larger. */
export const PINNED_BYTES_FACTOR = 8

/** Bytes of blocks at which an answer is sent; a single block may exceed it, by itself. */
export const ANSWER_BYTES = 1024 * 1024

// Of rates and accounts:

/** Milliseconds of a limited rate that may go at once after a pause: below what anybody notices. */
export const RATE_BURST_MS = 250

/** Milliseconds after which whoever waits for a rate looks again: a plan that changed counts from then on. */
export const RATE_LOOK_MS = 1000

/** Bytes of blocks in one answer to a peer on a slow limit, at least: four small chunks, so that it is worth a message. */
export const LIMITED_ANSWER_BYTES_MIN = 64 * 1024

/** Minutes of a week. */
export const WEEK_MINUTES = 7 * 24 * 60

/** Milliseconds over which a rate is averaged for people to see. */
export const METER_MS = 5000

/** Peers whose bytes are remembered: more than are ever connected, in a record of about 150 KB. */
export const ACCOUNTS_MAX = 2048

// Of the work that peers make us do; a unit is what one want in a message costs, about a microsecond:

/** Units that a peer may make us do at once after a pause: what a busy peer asks for in a second. */
export const PEER_WORK_BURST = 4096

/** Units a millisecond that each peer may make us do: with 300 peers a third of a core. */
export const PEER_WORK_PER_MS = 1

/** Units a millisecond that peers share who want more: a tenth of a core. */
export const SHARED_WORK_PER_MS = 100

/** Milliseconds between the turns of those who wait for their share. */
export const WORK_TICK_MS = 10

/** Units of one message, however little is in it. */
export const MESSAGE_WORK = 4

/** Units given back for a block that a peer was sent: its want, the next one, and the messages around them. */
export const SERVED_WORK = 2 * MESSAGE_WORK

// Of what a message of ours may make others do:

/** Bytes of the shortest want: whom we ask may do as much work as our message has wants. */
export const WANT_BYTES_MIN = 32

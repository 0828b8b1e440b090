// Every bound of the asking side, with its unit and reason.

/** Wants in flight at one peer: nearly what boxo remembers of us, so that tiny blocks fill a long line too; the rest is for want-haves. */
export const PEER_WINDOW_WANTS = 896

/** Bytes expected from one peer at a time, at most: 1 Gbit/s at 128 ms. */
export const PEER_WINDOW_BYTES = 16 * 1024 * 1024

/** Bytes expected from one peer at a time, at least: the window that boxo gives, for peers that are slow. */
export const PEER_WINDOW_BYTES_MIN = 1024 * 1024

/** Milliseconds of a peer's measured rate that its window holds: more than any round trip, little enough to wait for. */
export const PEER_WINDOW_MS = 2000

/** The same beside other peers: an eighth of what a reader has ahead at 10 MB/s from each of four. */
export const SHARED_WINDOW_MS = 600

/** Round trips that such a window holds at least, so that a far peer does not run dry between wants. */
export const SHARED_WINDOW_TRIPS = 4

/** Bytes assumed of a block before any has arrived: Kubo's old chunk size, between today's leaves and small nodes. */
export const BLOCK_BYTES_GUESS = 256 * 1024

/** Bytes per millisecond assumed of a peer before it is measured: 100 Mbit/s. */
export const RATE_GUESS = 12_500

/** Bytes per millisecond below which no loss of a race takes a peer: so slow is asked last, and not never. */
export const RATE_LOST_MIN = 100

/** Milliseconds of the round trip to a peer before it is measured: any on earth, with a queue. */
export const ROUND_TRIP_GUESS_MS = 200

/** Milliseconds between looks for wants that another peer would have sooner, while several peers are asked. */
export const LATE_CHECK_MS = 50

/** How many times sooner another peer must be expected to send a block that is asked for twice. */
export const LATE_FACTOR = 2

/** The same for one that is taken back from the first in time, so that it comes once. */
export const TAKE_BACK_FACTOR = 1.25

/** Share of the bytes that came which may come twice by such blocks. */
export const DUPLICATE_SHARE = 1 / 200

/** Bytes by which that may be exceeded: one large chunk. */
export const DUPLICATE_BYTES = 1024 * 1024

/** The same where whoever was asked is late: one that is stuck sends nothing twice, and nobody should wait for it. */
export const LATE_DUPLICATE_BYTES = 2 * 1024 * 1024

/** Bytes that a peer has given to its socket or is about to: two answers, and what lies in queues. CANCEL comes too late for them. */
export const PIPE_BYTES = 2 * 1024 * 1024 + 256 * 1024

/** How many times the mean deviation of the gaps between its messages a peer may be late. Source: RFC 6298. */
export const GAP_DEVIATIONS = 4

/** Milliseconds over which a rate is measured, so that the blocks of one message are not taken for a speed. */
export const RATE_SAMPLE_MS = 50

/** Bytes over which a rate is measured: below, it is the round trip that is measured. */
export const RATE_SAMPLE_BYTES = 64 * 1024

/** Messages over which a rate is measured: one or two that were read together, late, tell nothing. */
export const RATE_SAMPLE_MESSAGES = 4

/** Milliseconds after which a rate is measured whatever came: the peer is that slow. */
export const RATE_SAMPLE_MS_MAX = 1000

/** Share of wants that a peer is assumed to serve before it has answered any. */
export const HIT_RATE_GUESS = 0.5

/** Lowest share of wants assumed of a peer, so that cost stays finite and a peer can recover. */
export const HIT_RATE_MIN = 0.02

/** Hit rate from which a peer's answer is trusted to come, and the others are not asked what they have. */
export const HIT_RATE_TRUSTED = 0.75

/** Milliseconds without a block or DONT_HAVE after which a peer's wants go to others too. Source: boxo's simulated DONT_HAVE. */
export const SILENCE_MS = 5000

/** Milliseconds that a peer without DONT_HAVE has for an answer, at least, until it is taken to lack the block. Source: boxo. */
export const LACKS_MS_MIN = 50

/** How many times over such a peer could have answered, at its measured speed. Source: boxo. */
export const LACKS_TRIPS = 2

/** How many times over a silent peer could have sent all that is due, at its measured speed, until that counts as lost. */
export const LOST_DRAINS = 4

/** Milliseconds after which an open want is asked again everywhere: a message was lost, or a peer forgot. Source: boxo. */
export const REPEAT_MS = 30_000

/** Milliseconds without an answer after which a peer is not busy any more, and what it was asked is asked again: 1 MiB at 560 kbit/s. */
export const IDLE_MS = 15_000

/** Milliseconds between looks at silent peers and old wants while wants are open. */
export const CHECK_MS = 1000

/** Open wants that a new peer is asked about at once; the others reach it through the schedule. */
export const GREETING_WANTS = 1024

/** Wants of a peer remembered after they ended, to tell a late block from one that nobody asked for. */
export const ENDED_WANTS_MAX = 1024

/** Blocks that were never wanted, of anybody, after which a peer is dropped: an honest one sends none. */
export const WRONG_BLOCKS_MAX = 2

/** Wants remembered after they ended, over all peers, to tell a block that was sent once too often from a wrong one. */
export const PAST_WANTS_MAX = 8192

/** Milliseconds for which a peer that was dropped for wrong blocks is asked for nothing when it comes back. */
export const DISTRUST_MS = 600_000

/** Such peers that are remembered; identities cost nothing, so more would bound nobody. */
export const DISTRUSTED_PEERS_MAX = 1024

/** Blocks sent once too often that are forgiven until a wanted one arrives: all that were on their way when wants ended. */
export const REPEATED_BLOCKS_MAX = 2 * PEER_WINDOW_WANTS

/** Bytes of such blocks that are forgiven: as large as the window of a peer. */
export const REPEATED_BYTES_MAX = 16 * 1024 * 1024

// Of swarms, peers that want the same as we do:

/** Milliseconds for which a peer that asked us for what we want counts as a fellow: wants are repeated as often. */
export const FELLOW_MS = 30_000

/** Wants of one message that are compared with ours: one that is the same is enough. */
export const NOTICED_WANTS = 32

/** How many times its questions to fellows a block must be large: what is known of them costs no more than a fiftieth. */
export const QUESTION_SHARE = 50

/** Bytes of a question whether a peer has a block, with the answers and the CANCEL. */
export const QUESTION_BYTES = 150

/**
 * Wants in flight at a peer, at least, among fellows: enough for it to choose what it has sent to nobody yet. With the 4 that the
 * least window holds of 256 KiB a seed of 16 sends 2 copies, with 5 and 6 it sends 1.06, with 8 somewhat more.
 */
export const SHARED_WANTS = 5

// Of urgent wants, for which somebody waits now:

/** Urgent wants beyond the window of a peer: some readers that seek, with the nodes on their way. */
export const URGENT_WANTS = 64

/** Bytes of urgent wants beyond the window of a peer, and beyond those of all peers together: two of the largest blocks. */
export const URGENT_WINDOW_BYTES = 4 * 1024 * 1024

// Of what people are told:

/** Milliseconds that a peer is late until a person is told that it is silent: sooner than others take its wants. */
export const SILENCE_SEEN_MS = 1000

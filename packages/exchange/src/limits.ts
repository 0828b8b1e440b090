// Every bound of the exchange, with its unit and reason. What other implementations do is in docs/formats/bitswap.md.

/** Bytes of the largest message that is accepted. Source: bitswap-protocol.md. */
export const MESSAGE_BYTES_MAX = 4 * 1024 * 1024

/** Entries, blocks and presences of one message; peers remember 1,024 wants, so more is a flood. */
export const MESSAGE_PARTS_MAX = 16_384

/** Bytes of the longest CID on the wire: a digest of 128 bytes and four varints of ten. Source: boxo defaults.go. */
export const CID_BYTES_MAX = 168

/** Wants sent in one message: what boxo takes from one, so that nothing of ours is dropped there. */
export const WANTS_PER_MESSAGE = 1024

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

/** Bytes expected from all peers together: bounds the memory that answers can take at once. */
export const WINDOW_BYTES_MAX = 128 * 1024 * 1024

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

/** How many times its own size of memory a block may keep: it is a view into its message, or a copy when that is larger. */
export const PINNED_BYTES_FACTOR = 8

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

/** Wants remembered per peer: four times boxo, about 2 MB of memory. */
export const LEDGER_WANTS_MAX = 4096

/** Wants looked up in the store for one answer: bounds the work between two messages to a peer. */
export const ANSWER_WANTS = 128

/** Bytes of blocks at which an answer is sent; a single block may exceed it, by itself. */
export const ANSWER_BYTES = 1024 * 1024

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

// Of libp2p/ alone:

/** Bytes of the varint before a message: what a length of 4 MiB takes. */
export const LENGTH_BYTES_MAX = 4

/**
 * Bytes of a message that must have come until there is room for all of it: promises of 4 MiB on many streams cost little. One
 * peer's budget bounds the sum of what its messages promise.
 */
export const FIRST_READ_BYTES = 16 * 1024

/** Bitswap streams that one peer may have open to us: as Helia, which opens one a message and loses what is refused. */
export const INBOUND_STREAMS_MAX = 1024

/** Bytes of messages that one peer may have begun or we not yet handled; further ones wait unread. Four of the largest. */
export const PEER_INBOUND_BYTES_MAX = 16 * 1024 * 1024

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

// Of swarms, peers that want the same as we do:

/** Milliseconds for which a peer that asked us for what we want counts as a fellow: wants are repeated as often. */
export const FELLOW_MS = 30_000

/** Wants of one message that are compared with ours: one that is the same is enough. */
export const NOTICED_WANTS = 32

/** How many times its questions to fellows a block must be large: what is known of them costs no more than a fiftieth. */
export const QUESTION_SHARE = 50

/** Bytes of a question whether a peer has a block, with the answers and the CANCEL. */
export const QUESTION_BYTES = 150

/** Wants in flight at a peer, at least, among fellows: enough for it to choose what it has sent to nobody yet. */
export const SHARED_WANTS = 4

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

// Of urgent wants, for which somebody waits now:

/** Urgent wants beyond the window of a peer: some readers that seek, with the nodes on their way. */
export const URGENT_WANTS = 64

/** Bytes of urgent wants beyond the window of a peer, and beyond those of all peers together: two of the largest blocks. */
export const URGENT_WINDOW_BYTES = 4 * 1024 * 1024

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

/** Wants remembered for all peers together, at about 360 bytes each: 12 MB. Above it each peer may have an equal part. */
export const WANTS_MAX = 32_768

/** Bytes of messages that a peer may have begun that has sent us no block that we wanted: one of the largest, its first answer. */
export const STRANGER_INBOUND_BYTES_MAX = 4 * 1024 * 1024

/** Bytes of the window of such a peer's streams: the least that yamux knows, and 5,000 wants. */
export const STRANGER_WINDOW_BYTES = 256 * 1024

/** How many times what has come of such a peer's message there is room for. */
export const MESSAGE_GROWTH = 4

/** Bytes of all such peers that came unasked and are not handled; above it, those who hold most lose their streams. */
export const STRANGERS_UNREAD_BYTES_MAX = 12 * 1024 * 1024

/**
 * Bytes that have come from all peers unasked and are not handled; above it, those who hold most lose their streams. What was
 * asked for comes on top, up to `WINDOW_BYTES_MAX`.
 */
export const UNREAD_BYTES_MAX = 48 * 1024 * 1024

/** Milliseconds between looks at it: 6 MB at 1 Gbit/s. */
export const UNREAD_LOOK_MS = 50

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

// Of connections, which are not read while their peer owes for what it does on them. Units as above:

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

/** Bytes of the shortest want: whom we ask may do as much work as our message has wants. */
export const WANT_BYTES_MIN = 32

/** Wants taken from a message before others go on: half a millisecond. */
export const WORK_SLICE_WANTS = 512

/** Wants without room that a peer is told of at a time: more are passed over in silence, as they all are by boxo. */
export const REFUSALS_MAX = 512

// Of peers that break the protocol:

/** Streams that a peer may break until its connection is closed: more than the end of one process does. */
export const BREACHES_MAX = 5

/** Milliseconds within which they count. */
export const BREACHES_MS = 60_000

/** Milliseconds for which such a peer is not talked to. */
export const REFUSED_MS = 600_000

/** Such peers that may come back from one address, and are sent away after the handshake, until it is let in no more. */
export const RETURNS_MAX = 8

/** Milliseconds after which one such return is forgiven: handshakes that lead nowhere take a hundredth of a core. */
export const RETURN_MS = 1000

/** Such peers, and such addresses, that are remembered, as with those that sent wrong blocks. */
export const OFFENDERS_MAX = 1024

// Of what people are told:

/** Milliseconds that a peer is late until a person is told that it is silent: sooner than others take its wants. */
export const SILENCE_SEEN_MS = 1000

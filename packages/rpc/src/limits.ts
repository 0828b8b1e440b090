// Every bound of the command table, with its unit and reason.

/** Pins that one command has under way, so that small ones share commits and no slow one holds up all others. */
export const PIN_ADDS_AT_ONCE = 64

/** Bad blocks named in one event, so that a pin of which nothing is left does not fill the memory. */
export const BAD_BLOCKS_PER_EVENT = 1000

/** Blocks that `dag stat` counts between two events that say so. */
export const STAT_BLOCKS_PER_EVENT = 1024

/** Blocks that a trace remembers after they came, to tell how long one took that came again: about 1 MB. */
export const TRACE_ENDED_MAX = 4096

/** Peers with sums of their own in a trace: more than a node is connected to by default. */
export const TRACE_PEERS_MAX = 512

/** Bytes that a command takes whole: a config, a key, or what is written in another base, which takes 24 times that as emoji. */
export const WHOLE_SOURCE_BYTES_MAX = 4 * 1024 * 1024

/** Milliseconds that a profile samples at most: it grows with them, by some 10 MB a minute on a busy node. */
export const PROFILE_MS_MAX = 5 * 60 * 1000

/** Milliseconds for which `doctor` asks for what is missing: several round trips to anywhere, and a look at each peer's disk. */
export const DOCTOR_WAIT_MS = 5000

/** Missing or damaged blocks of one path that it names. */
export const DOCTOR_NAMED_MAX = 10

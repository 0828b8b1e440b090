// Every bound of the log of a daemon, with its unit and reason.

/** Bytes of lines that nobody has read of standard error; what comes then is left out and counted. */
export const UNWRITTEN_BYTES_MAX = 1024 * 1024

/** Lines that wait for one reader of `log tail`; what comes then is left out and counted. */
export const TAIL_LINES_MAX = 1000

/** Readers of `log tail` at a time. */
export const TAILS_MAX = 16

/** Lines of one message in one period; more are counted, so that strangers cannot fill a disk. Not those for finding faults. */
export const REPEATS_MAX = 20

/** Milliseconds of that period. */
export const REPEATS_MS = 10_000

// Bounds of the command line.

/** Bytes of arguments that standard input may give: 100 bytes, a CID with a short path, for each of 10,000. */
export const PIPED_WORDS_BYTES_MAX: number = 1024 * 1024

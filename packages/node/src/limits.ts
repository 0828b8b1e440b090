// Bounds of the node, with their units and reasons.

/** Milliseconds between two notes of how far a verification is: what is read again after a kill. */
export const NOTE_MS = 5000

/** Blocks found damaged that a verification looks at again together: those that could not be flagged on the disk. */
export const FOUND_BLOCKS = 4096

/** Damaged blocks that are fetched at a time: what peers lack is told in one round trip for all of them. */
export const HEAL_BLOCKS = 128

/** Milliseconds that damaged blocks may take to come from peers that have not said that they lack them. */
export const HEAL_MS = 20_000

/** Milliseconds below which that does not fall while peers say nothing: each time it is halved. */
export const HEAL_MS_MIN = 500

/** Milliseconds between looks at what peers have said that they lack. */
export const LACK_LOOK_MS = 100

/** Milliseconds between looks at whether the config file of a running node has changed. */
export const CONFIG_LOOK_MS = 1000

/** Milliseconds between notes of the bytes that passed between peers and us: what a kill forgets. */
export const ACCOUNTS_SAVE_MS = 10 * 60 * 1000

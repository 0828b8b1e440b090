// Bounds of the node, with their units and reasons.

/** Milliseconds between two notes of how far a verification is: what is read again after a kill. */
export const NOTE_MS = 5000

/** Milliseconds that a damaged block may take to come from a peer. */
export const HEAL_MS = 20_000

/** Damaged blocks that are fetched at a time. */
export const HEAL_BLOCKS = 32

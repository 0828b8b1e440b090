// When a write counts as done.

/**
 * What an acknowledged write survives: `sync` the loss of power, `none` only the death of the process, since the system
 * writes it to the disk some time later.
 */
export type Durability = 'sync' | 'none'

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

/** Milliseconds between looks at whether a file that another process changes is free, until giving up, and until that one counts as killed. */
export const FILE_LOCK_LOOK_MS = 10
export const FILE_LOCK_WAIT_MS = 15_000
export const FILE_LOCK_STALE_MS = 10_000

/** Milliseconds between notes of the bytes that passed between peers and us: what a kill forgets. */
export const ACCOUNTS_SAVE_MS = 10 * 60 * 1000

/** Milliseconds between looks at whether blocks are waited for in vain. */
export const SEARCH_LOOK_MS = 500

/** Milliseconds that a block is waited for in vain until providers are searched. Source: boxo. */
export const SEARCH_AFTER_MS = 1000

/** Milliseconds until they are searched again for the same block. Source: boxo, rebroadcast. */
export const SEARCH_AGAIN_MS = 60_000

/** Searches under way, and blocks looked at: those that were asked for first. */
export const SEARCHES_MAX = 4

/** Blocks whose last search is remembered. */
export const SEARCHES_REMEMBERED = 1024

/** Providers dialled for one block. Source: boxo. */
export const PROVIDERS_MAX = 10

/** Providers dialled at a time for one block. */
export const PROVIDER_DIALS_MAX = 4

/** Addresses taken of one provider. As many as libp2p dials. */
export const PROVIDER_ADDRESSES_MAX = 25

/** Milliseconds that a routing service has for its whole answer. */
export const ROUTER_TIMEOUT_MS = 15_000

/** Bytes of an answer of a routing service: 100 providers with all their addresses take some 100 KiB. */
export const ROUTER_BYTES_MAX = 1024 * 1024

/** Bytes of a key's name: in base32 and with its prefix it is the name of a file, which has 255. */
export const KEY_NAME_BYTES_MAX = 150

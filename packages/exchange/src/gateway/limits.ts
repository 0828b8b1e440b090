// Every bound of gateways as peers, with its unit and reason.

/** Requests under way at one gateway: what browsers and Kubo allow a server, times two for latency. */
export const GATEWAY_REQUESTS_MAX = 16

/** Milliseconds that a gateway has for one answer, its last byte included: a block of 2 MiB at 560 kbit/s. */
export const GATEWAY_TIMEOUT_MS = 30_000

/** Milliseconds for which a gateway that failed is left alone; each further failure doubles them. */
export const GATEWAY_COOLDOWN_MS = 1000

/** Milliseconds for which a gateway is left alone at most, whatever it asks for. */
export const GATEWAY_COOLDOWN_MS_MAX = 300_000

/** Children of one node, wanted together, from which they are asked for as one CAR: fewer cost no more one by one. */
export const GATEWAY_CAR_WANTS_MIN = 4

/** Blocks one below the other from which the rest is asked for as a CAR: paths that are looked up are seldom as long. */
export const GATEWAY_CAR_DEPTH_MIN = 5

/** Mean bytes of blocks that are asked for as CARs: 16 requests at a time fill a line of 160 Mbit/s at 50 ms with larger ones. */
export const GATEWAY_CAR_BLOCK_BYTES_MAX = 64 * 1024

/** Milliseconds after which a CAR is ended that gave nothing wanted, and what it left is dropped. */
export const GATEWAY_CAR_IDLE_MS = 10_000

/** Milliseconds for which a gateway is asked for no CAR after one that was of no use. */
export const GATEWAY_CAR_REFUSED_MS = 600_000

/** Bytes that a CAR may bring before they are wanted: what small blocks read ahead take, and 100 ms at 320 Mbit/s. */
export const GATEWAY_HELD_BYTES_MAX = 4 * 1024 * 1024

/** Bytes that a held block takes beside its own. */
export const GATEWAY_HELD_BLOCK_BYTES = 512

/** Links remembered of the blocks of one gateway, at about 250 bytes each. */
export const GATEWAY_LINKS_MAX = 32_768

/** Gateways at a time that are peers because a router named them: three searches that find ten each. */
export const GATEWAYS_FOUND_MAX = 32

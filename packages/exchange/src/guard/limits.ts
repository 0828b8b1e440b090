// Every bound on what peers may make us hold and how often they may break the protocol, with its unit and reason.

/** Bytes of messages that one peer may have begun or we not yet handled; further ones wait unread. Four of the largest. */
export const PEER_INBOUND_BYTES_MAX = 16 * 1024 * 1024

// Of peers that have sent us nothing that we wanted:

/** Bytes of messages that a peer may have begun that has sent us no block that we wanted: one of the largest, its first answer. */
export const STRANGER_INBOUND_BYTES_MAX = 4 * 1024 * 1024

/** Bytes of the window of such a peer's streams: the least that yamux knows, and 5,000 wants. */
export const STRANGER_WINDOW_BYTES = 256 * 1024

/** How many times what has come of such a peer's message there is room for. */
export const MESSAGE_GROWTH = 4

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

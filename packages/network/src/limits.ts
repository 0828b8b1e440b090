// Every bound of the network host, with its unit and reason.

/** Connections open at once; the least used are closed beyond it. As in js-libp2p; about 100 KiB each when idle. */
export const CONNECTIONS_MAX = 300

/** Inbound handshakes at once. The 10 of js-libp2p refuse part of a swarm whose nodes start together. */
export const PENDING_INBOUND_MAX = 64

/** Inbound connections a second from one IP address. A handshake takes about 5 ms of a core, so this fills half of one. */
export const INBOUND_PER_SECOND_MAX = 100

/** Milliseconds until a dial (TCP, handshake, muxer) is given up: ten round trips over a slow satellite link. */
export const DIAL_TIMEOUT_MS = 10_000

/** Milliseconds between two looks at whether a connection is alive; also how old a measured latency may be. */
export const LIVENESS_INTERVAL_MS = 30_000

/** Milliseconds without an answer until a connection counts as dead: 4 MiB queued in the kernel at 1 Mbit/s, and room. */
export const LIVENESS_TIMEOUT_MS = 60_000

/** Milliseconds that a ping on request waits: as long as a dial. */
export const PING_TIMEOUT_MS = 10_000

/**
 * Bytes in flight on one stream: fills 1 Gbit/s at 32 ms. Not more than half of {@link READ_BUFFER_BYTES_MAX}, since
 * what is under way when a reader pauses arrives all the same.
 */
export const STREAM_WINDOW_BYTES_MAX = 4 * 1024 * 1024

/** Bytes that one stream holds for a reader that has paused; the stream is reset beyond it. */
export const READ_BUFFER_BYTES_MAX = 8 * 1024 * 1024

/** Streams on one connection in each direction: 1024 for bitswap, where Helia opens one a message, and the small services. */
export const STREAMS_PER_CONNECTION_MAX = 1100

/**
 * Streams that a peer may open before the connection is ready here. The 10 of js-libp2p, beyond which it drops the whole
 * connection, are fewer than Helia opens in its first moment: one for each message.
 */
export const EARLY_STREAMS_MAX = 256

/** Milliseconds between a change of our protocols and telling the peers: they are registered within a few ticks. */
export const PROTOCOL_PUSH_DELAY_MS = 100

/** Milliseconds until a peer of the peering list is dialled again after it went: less than its restart, as Kubo's 5 s. */
export const REDIAL_MS = 5000

/** How much longer each further dial of one that cannot be reached waits. */
export const REDIAL_FACTOR = 1.5

/** Milliseconds between dials at most: a peer that comes back after a day is met within minutes. As in Kubo. */
export const REDIAL_MS_MAX = 10 * 60 * 1000

/** Share of such a wait that chance adds or takes away, so that nodes that lost a peer together do not call it together. */
export const REDIAL_JITTER = 0.1

/** Tag value of peers on the peering list: any above 0 keeps them when connections are too many. */
export const PEERING_TAG = 100

/** Connections to peers that announced themselves on the LAN: what a large office has, and far below all connections. */
export const DISCOVERED_PEERS_MAX = 64

/** Bytes that a WebSocket holds unsent: that of one stream's window, as for TCP. */
export const SOCKET_UNSENT_BYTES_MAX = 4 * 1024 * 1024

/** Bits of an RSA key at least, which is also the default: peers refuse smaller ones. Source: go-libp2p core/crypto/rsa_common.go. */
export const RSA_BITS_MIN = 2048

/** Bits of an RSA key at most: peers refuse larger ones. Source: as above. */
export const RSA_BITS_MAX = 8192

// Every bound of a server, with its unit and reason.

/** Bytes of the request line and all headers: 4 times what Node takes, for long lists of arguments. Above it: 431. */
export const HEADER_BYTES_MAX = 64 * 1024

/** Connections at a time; one more is closed at once. A browser has 6, a script some dozens. */
const CONNECTIONS_MAX = 2048

/** Milliseconds that a client has for its headers, which are one packet for an honest one. */
const HEADERS_TIMEOUT_MS = 20_000

/** Milliseconds that a connection stays open for its next request. */
const KEEP_ALIVE_MS = 60_000

/** Milliseconds without a byte of a body that is waited for, or without room for one of an answer, until a client counts as gone. */
const IDLE_TIMEOUT_MS = 120_000

/**
 * Bytes that a client has to send or take in as long as that, as far as there are so many, while we wait for it: 136 a second.
 * The slowest links in use, of 2,400 bits a second, are twice as fast, and whoever wants to hold a connection has to pay for it.
 */
export const WINDOW_BYTES_MIN = 16 * 1024

/** Milliseconds of the longest timer that Node has. */
export const TIMER_MS_MAX = 2 ** 31 - 1

/** Milliseconds that a connection whose body was not read whole has for taking its answer before it is cut off. */
const LINGER_MS = 1000

/** Calls that wait on one connection for the one before them; a client that sends more without reading answers is cut off. */
export const PIPELINED_MAX = 64

/** Milliseconds between two looks for connections whose headers are late. */
export const CONNECTIONS_LOOK_MS = 5000

/** Milliseconds that calls under way have for their end when the server closes. */
export const CLOSE_WAIT_MS = 2000

/** How long a server waits for its clients, and how many of them it takes. */
export interface HttpLimits {
  readonly connectionsMax: number
  readonly headersTimeoutMs: number
  readonly keepAliveMs: number
  readonly idleTimeoutMs: number
  readonly lingerMs: number
}

/** The bounds above, together. */
export const HTTP_LIMITS: HttpLimits = {
  connectionsMax: CONNECTIONS_MAX,
  headersTimeoutMs: HEADERS_TIMEOUT_MS,
  keepAliveMs: KEEP_ALIVE_MS,
  idleTimeoutMs: IDLE_TIMEOUT_MS,
  lingerMs: LINGER_MS,
}

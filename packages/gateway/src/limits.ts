// Every bound of the gateway, with its unit and reason. Names of the config in brackets.

/** Milliseconds without a block that is waited for until an answer is given up. [Gateway.RetrievalTimeout] Source: kubo. */
const RETRIEVAL_TIMEOUT_MS = 30_000

/** Milliseconds that one answer may take as a whole. [Gateway.MaxRequestDuration] Source: kubo. */
const REQUEST_DURATION_MS = 3_600_000

/** Requests that are answered at a time; one more gets 429. [Gateway.MaxConcurrentRequests] Source: kubo. */
const REQUESTS_MAX = 4096

/** Connections at a time: each request of HTTP/1.1 needs one, and some wait for their next. */
export const CONNECTIONS_MAX = 8192

/** Seconds after which a client that was turned away may come again. */
export const RETRY_AFTER_SECONDS = 30

/** Ranges of one request; a request for more gets the whole content, as the specification of HTTP allows. */
export const RANGES_MAX = 32

/** Bytes that are handed to a connection at a time: what a client that takes nothing holds of us, and no more. */
export const PIECE_BYTES = 64 * 1024

/** The same where there are hundreds of answers: a thousand that take nothing hold 16 MB. */
export const PIECE_BYTES_MIN = 16 * 1024

/** Bytes of memory that is cut into pieces. */
export const SLAB_REGION_BYTES = 1024 * 1024

/** Milliseconds that a client may take nothing until what was read ahead for it is dropped, to be read again later. */
export const PATIENCE_MS = 500

/** The same while others wait to read: the way to a client that is not slow is free again by then. */
export const PATIENCE_CONTENDED_MS = 25

/** Milliseconds after which an answer lets others read who wait for it: eight fast downloads must not stop all others. */
export const TURN_MS = 250

/** Milliseconds without room after which an answer that cannot be read again is cut off, where others wait for its place. */
export const STALL_MS = 5000

/** What a gateway waits for, and how long. */
export interface GatewayLimits {
  readonly retrievalTimeoutMs: number
  readonly requestDurationMs: number
  readonly requestsMax: number
  /** Of one client. */
  readonly requestsPerSecond: number
}

/** The bounds above, together. */
export const GATEWAY_LIMITS: GatewayLimits = {
  retrievalTimeoutMs: RETRIEVAL_TIMEOUT_MS,
  requestDurationMs: REQUEST_DURATION_MS,
  requestsMax: REQUESTS_MAX,
  requestsPerSecond: Infinity,
}

/** Bytes that are read ahead for all answers together. */
export const READ_AHEAD_TOTAL_BYTES = 16 * 1024 * 1024

/** Answers that read their content at a time; the others wait, or have theirs on the way to a client that is slow. */
export const READERS_MAX = 8

/** Answers under way that hold blocks until they are sent, CARs and archives: some megabytes each. */
export const HELD_READERS_MAX = 8

/** Bytes of pages and values under way that are larger than a piece; what comes while there are more gets 429. */
export const HELD_BYTES_MAX = 32 * 1024 * 1024

/** Bytes by which the type of a file is told whose name does not say it. Source: file-type, reasonableDetectionSizeInBytes. */
export const SNIFF_BYTES = 4100

/** Files whose first bytes are looked at at a time: each takes a whole block for it. */
export const SNIFFING_MAX = 8

/** Types that are remembered which were told so: some 1 MB. */
export const TYPES_KEPT = 4096

/** Entries on one page of a listing: about 300 kB of HTML. */
export const LISTING_PAGE_ENTRIES = 1000

/** Pages of one listing: each reads all before it. */
export const LISTING_PAGES_MAX = 10_000

/** Bytes of a value that is shown as a page; larger ones are offered for download alone. */
export const PREVIEW_BYTES_MAX = 256 * 1024

/** Bytes of a file that is looked into to see whether it is JSON. */
export const JSON_BYTES_MAX = 1024 * 1024

/** Bytes that one answer has on its way at most: what a fast client takes in one turn of the event loop. */
export const UNSENT_BYTES_MAX = 1024 * 1024

/** Bytes that all answers have on their way together, beside one piece each. */
export const UNSENT_TOTAL_BYTES = 8 * 1024 * 1024

/** Bytes of blocks that are kept for whoever asks next: the roots of thousands of files, and small files. */
export const RECENT_BYTES_MAX = 16 * 1024 * 1024

/** Bytes that one of them takes beside its own: its key, its CID and their objects. */
export const RECENT_BLOCK_OVERHEAD_BYTES = 1024

/** Bytes of the largest of them: larger ones are parts of large files, which would take the room of all others. */
export const RECENT_BLOCK_BYTES_MAX = 128 * 1024

/** Roots of paths whose CIDs are remembered: some 1 MB. */
export const ROOTS_KEPT = 1024

/** Links of nodes that stay decoded, some 350 bytes each. */
export const DECODED_LINKS_MAX = 16_384

/** Bytes of the last larger ones: what a slow client has not taken is read again, and many may watch the same. */
export const RECENT_LARGE_BYTES_MAX = 4 * 1024 * 1024

/** Characters of one label of a host name. Source: RFC 1035. */
export const LABEL_CHARS_MAX = 63

/** Names on the way to a CID. Source: the specification of DNSLink. */
export const NAME_HOPS_MAX = 32

/** Bytes of the file `_redirects` of a site. Source: its specification. */
export const REDIRECTS_BYTES_MAX = 64 * 1024

/** Rules in it: as many as fit. */
export const REDIRECTS_MAX = 16_384

/** Seconds for which the requests of one client may come at once: a page asks for its pictures so. */
export const BURST_SECONDS = 10

/** Clients whose requests are counted: some 2 MB. */
export const CLIENTS_MAX = 16_384

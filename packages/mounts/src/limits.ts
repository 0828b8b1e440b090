// Every bound of the mounts, with its unit and reason.

/** Milliseconds after which changes are made durable that nobody waits for. */
export const WRITE_BACK_MS = 1000

/** Milliseconds until a write-back that failed is tried again. */
export const WRITE_BACK_RETRY_MS = 5000

/** Bytes of memory that written files hold until they are blocks; whoever writes more waits. */
export const DIRTY_BYTES_MAX = 64 * 1024 * 1024

/** Changed files and folders that wait to be written back; whoever changes more waits. */
export const DIRTY_NODES_MAX = 16_384

/** Files that are stored at a time when changes are written back: their syncs are shared. */
export const STORED_AT_ONCE = 64

/** Files and folders known without being in use, so that names need not be looked up again; some 50 MB. */
export const IDLE_NODES_MAX = 65_536

/** Milliseconds that such a one stays known in any case: whoever asked for it may be about to use it. */
export const IDLE_MS = 60_000

/** Files that are read from front to back at a time, with blocks read ahead; of more, those used last. */
export const STREAMS_MAX = 32

/** Bytes behind the place of such a reader that stay at hand: kernels ask for pieces side by side in any order. */
export const STREAM_BEHIND_BYTES = 4 * 1024 * 1024

/** Bytes before the place of such a reader that may be asked for without a new start: four times what kernels read ahead. */
export const STREAM_SKIP_BYTES = 16 * 1024 * 1024

/** Bytes of a name. Source: NAME_MAX of Linux. */
export const NAME_BYTES_MAX = 255

/** Bytes of the target of a symbolic link. Source: PATH_MAX of Linux. */
export const LINK_TARGET_BYTES_MAX = 4095

/** Bytes of one write of the kernel, and of one read: more than it ever asks for at a time. */
export const FUSE_WRITE_BYTES = 1024 * 1024

/** Bytes of a request: one such write with what stands before it. */
export const REQUEST_BYTES_MAX = FUSE_WRITE_BYTES + 4096

/** Requests of the kernel on their way between two threads: each takes its room of shared memory only when it is large. */
export const REQUEST_SLOTS = 8

/** KiB that the kernel reads ahead in a mount: 5 ms at 800 MB/s. */
export const READ_AHEAD_KIB = 4096

/** Seconds for which the kernel believes what it knows of content that never changes. */
export const FROZEN_SECONDS = 86_400

/** The same of what may change: it is told of changes, and this is for what it was not told. */
export const MUTABLE_SECONDS = 60

/** Milliseconds until a request is answered with an error, as for a block that nobody has. [Mounts.Timeout] */
export const FUSE_TIMEOUT_MS = 30_000

/** Nodes of a listing that are read at a time for their attributes. */
export const LISTED_AT_ONCE = 32

/** Elements inside of each other in a request of WebDAV. */
export const XML_DEPTH_MAX = 32

/** Bytes of such a request that is XML; what clients send has a few hundred. */
export const DAV_XML_BYTES_MAX = 64 * 1024

/** Seconds of a lock that asks for none, and of any lock at most. */
export const DAV_LOCK_SECONDS = 3600
export const DAV_LOCK_SECONDS_MAX = 86_400

/** Locks of a share at a time. */
export const DAV_LOCKS_MAX = 10_000

/** Properties that clients of a share have set; of more, those set last. Each is looked at for every answer about properties. */
export const DAV_PROPERTIES_MAX = 4096

/** Bytes of a file that are read at a time for an answer. */
export const DAV_PIECE_BYTES = 256 * 1024

// Every bound of the RPC over HTTP, with its unit and reason; those of any server are in @cairn/http.
import { HTTP_LIMITS, type HttpLimits } from '@cairn/http'

/** Arguments and options of one call: what fits into the headers. */
export const QUERY_FIELDS_MAX = 4096

/** Milliseconds without a result after which the headers go out alone: clients give up on silent servers after 60 s and more. */
const HEADERS_WAIT_MS = 20_000

/** How long the server waits for its clients and for its own commands, and how many clients it takes. */
export interface ServerLimits extends HttpLimits {
  readonly headersWaitMs: number
}

/** The bounds of every server of ours, and that of commands. */
export const SERVER_LIMITS: ServerLimits = { ...HTTP_LIMITS, headersWaitMs: HEADERS_WAIT_MS }

/** Bytes of the headers of one part of a body: paths have at most 4,096 bytes, three times as long when percent-encoded. */
export const PART_HEADER_BYTES_MAX = 32 * 1024

/** Folders above a file in a body: as deep as `importTree` is tried. */
export const PART_DEPTH_MAX = 1024

/** Bytes of a symbolic link's target. Source: PATH_MAX of Linux. */
export const LINK_TARGET_BYTES_MAX = 4096

/** Connections of one client: calls of a command line that reads blocks side by side. */
export const CLIENT_CONNECTIONS_MAX = 32

/** Milliseconds that a daemon has for proving that it is that of a repo: a busy one answers in tens of them. */
export const PROOF_WAIT_MS = 10_000

/** Bytes of a failure's text that a client reads. */
export const FAILURE_BYTES_MAX = 64 * 1024

/** Calls that have ended and are listed, and for how many milliseconds. Source of the time: kubo. */
export const CALLS_KEPT_MAX = 1000
export const CALLS_KEPT_MS = 60 * 60 * 1000

/** Of each, arguments that are listed, and letters of each of these. */
export const CALL_ARGUMENTS_MAX = 16
export const CALL_ARGUMENT_LENGTH_MAX = 256

/** Milliseconds from which on the log tells of a call by itself: nobody waits longer without asking why. */
export const SLOW_CALL_MS = 10_000

// What the child of files-kill.test.ts appends, so that the test knows what has to be there.

/** Bytes of one record. */
export const RECORD_BYTES = 4096

/** Logs that are appended to at once. */
export const LOGS = 4

/** The record number `record` of a log. */
export function recordOf(log: number, record: number): Uint8Array {
  return new Uint8Array(RECORD_BYTES).map((_, index) => log * 31 + record * 7 + index)
}

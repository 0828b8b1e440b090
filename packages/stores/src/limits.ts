// Every bound of the adapters, with its unit and reason.

/** Bytes of values read or written ahead of a consumer: fills several commits of 2 MiB, and stays small beside the heap. */
export const AHEAD_BYTES = 16 * 1024 * 1024

/** Bytes that an item counts for at least, so that no more than 4,096 tiny ones are on their way. */
export const ITEM_BYTES_MIN = 4096

/** Bytes that a value of a Datastore is taken for before it is read: 256 of them are read at a time. */
export const VALUE_BYTES_EXPECTED = 64 * 1024

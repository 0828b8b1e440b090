// Errors of Cairn under the names that users of js-stores look at: NotFoundError for what is not there, else the name of
// the operation that failed. The CairnError, with its code, is the cause.
import { isCairnError } from '@cairn/core'
import { DeleteFailedError, GetFailedError, HasFailedError, NotFoundError, PutFailedError } from 'interface-store'

/** What was tried. */
export type StoreOperation = 'delete' | 'get' | 'has' | 'put'

const FAILURES: Readonly<Record<StoreOperation, new (message: string) => Error>> = {
  delete: DeleteFailedError,
  get: GetFailedError,
  has: HasFailedError,
  put: PutFailedError,
}

/** `cause` as js-stores names it. What is no CairnError, such as the reason of an abort, is given back as it is. */
export function storeError(operation: StoreOperation, cause: unknown): unknown {
  if (!isCairnError(cause)) return cause
  const Failure = cause.code === 'NOT_FOUND' ? NotFoundError : FAILURES[operation]
  return Object.assign(new Failure(cause.message), { cause })
}

/** The result of `work`. @throws the error that it rejects with, as {@link storeError} names it */
export async function named<T>(operation: StoreOperation, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    throw storeError(operation, cause)
  }
}

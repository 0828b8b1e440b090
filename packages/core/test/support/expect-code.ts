// Assertions on error codes, which are API; messages are not.
import { expect } from 'vitest'
import { CairnError, type ErrorCode } from '../../src/index.ts'

/** Passes when `action` throws, or its promise rejects with, a CairnError of `code`. */
export async function expectCode(code: ErrorCode, action: () => unknown): Promise<void> {
  const error = await failureOf(action)
  expect(error).toBeInstanceOf(CairnError)
  expect(error).toHaveProperty('code', code)
}

/** Passes when `action` succeeds or fails with a CairnError: what a decoder may do with hostile input. */
export async function expectDecoded(action: () => unknown): Promise<void> {
  const error = await failureOf(action)
  if (error !== undefined) expect(error).toBeInstanceOf(CairnError)
}

async function failureOf(action: () => unknown): Promise<unknown> {
  try {
    await action()
    return undefined
  } catch (error) {
    return error
  }
}

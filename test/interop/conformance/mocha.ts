// The words of mocha that vitest lacks: `before`, `after`, and a `this` with `timeout` inside a test.
import { afterAll, beforeAll, it as define } from 'vitest'

const CONTEXT = { timeout: () => undefined }

Object.assign(globalThis, {
  before: beforeAll,
  after: afterAll,
  it(name: string, run: (this: typeof CONTEXT) => unknown) {
    // The assertions are in `run`.
    // oxlint-disable-next-line vitest/expect-expect
    define(name, async () => void (await run.call(CONTEXT)))
  },
})

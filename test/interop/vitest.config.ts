// Runs on Cairn's sources, as the tests of the root do. The suites of js-stores are written for mocha and take their
// assertions from a package that brings a thousand others: both are stood in for here.
import { defineConfig } from 'vitest/config'

const conditions = ['source', 'module', 'node', 'development|production']

export default defineConfig({
  resolve: {
    conditions,
    alias: { 'aegir/chai': new URL('conformance/assertions.ts', import.meta.url).pathname },
  },
  ssr: { resolve: { conditions } },
  test: {
    include: ['**/*.test.ts'],
    globals: true,
    setupFiles: ['conformance/mocha.ts'],
    server: { deps: { inline: [/interface-(block|data)store-tests/] } },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    maxWorkers: 2,
  },
})

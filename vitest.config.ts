// One configuration for all packages, run from the root or inside one package. The `source` condition runs tests on the
// TypeScript sources, without a build.
import { defineConfig } from 'vitest/config'

const conditions = ['source', 'module', 'node', 'development|production']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/interop/**'],
    // Far more than any of them takes: a busy machine of two cores must not fail what works.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
  },
})

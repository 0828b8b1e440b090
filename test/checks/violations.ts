// One violation of each rule: where it is planted, what it says, and the code that a check has to report for it.

/** A file that breaks one rule. */
export interface Violation {
  /** The code in the report of the tool. */
  readonly code: string
  /** Path of the planted file, from the root of the repository. */
  readonly path: string
  readonly source: string
}

const LAYERS = 'eslint(no-restricted-imports)'
const plant = (code: string, path: string, source: string): Violation => ({ code, path, source: `${source}\n` })
const lines = (count: number): string => '  void 0\n'.repeat(count)

/** Violations that the linter reports. */
export const LINTED: readonly Violation[] = [
  plant(LAYERS, 'packages/core/src/above.ts', `import '@cairn/blockstore'`),
  plant(LAYERS, 'packages/core/src/input-output.ts', `import { open } from 'node:fs/promises'\nvoid open`),
  plant(LAYERS, 'packages/core/src/later.ts', `export const later = await import('level')`),
  plant(LAYERS, 'packages/core/test/above.test.ts', `import '@cairn/blockstore'`),
  plant(
    LAYERS,
    'packages/blockstore/src/sibling.ts',
    `import type { Bitswap } from '@cairn/exchange'\nexport type B = Bitswap`,
  ),
  plant(LAYERS, 'packages/exchange/src/sibling.ts', `export { openHost } from '@cairn/network'`),
  plant(
    LAYERS,
    'packages/exchange/src/client/transport.ts',
    `import type { Stream } from '@libp2p/interface'\nexport type S = Stream`,
  ),
  plant(
    LAYERS,
    'packages/exchange/src/libp2p/libp2p-network.ts',
    `import { TimeoutError } from '@libp2p/interface'\nvoid TimeoutError`,
  ),
  plant(LAYERS, 'packages/exchange/test/sibling.test.ts', `import '@cairn/network'`),
  plant(LAYERS, 'packages/network/src/sibling.ts', `import '@cairn/blockstore'`),
  plant(LAYERS, 'packages/stores/src/sibling.ts', `import '@cairn/blockstore'`),
  plant(LAYERS, 'packages/stores/test/sibling.test.ts', `import '@cairn/blockstore'`),
  plant(LAYERS, 'packages/node/src/above.ts', `import '@cairn/rpc'`),
  plant(LAYERS, 'packages/node/src/transport.ts', `import 'libp2p'`),
  plant(LAYERS, 'packages/rpc/src/below.ts', `import '@cairn/exchange'`),
  plant(LAYERS, 'packages/rpc/src/opened.ts', `import { openNode } from '@cairn/node'\nvoid openNode`),
  plant(LAYERS, 'packages/cli/src/store.ts', `import 'level'`),
  plant(LAYERS, 'packages/unlisted/src/index.ts', `import '@cairn/node'`),
  plant(
    'import(no-cycle)',
    'packages/core/src/ring-one.ts',
    `import { two } from './ring-two.ts'\nexport const one = () => two`,
  ),
  plant(
    'import(no-cycle)',
    'packages/core/src/ring-two.ts',
    `import { one } from './ring-one.ts'\nexport const two = () => one`,
  ),
  plant('eslint(max-lines)', 'packages/core/src/long-file.ts', '// line\n'.repeat(401)),
  plant('eslint(max-lines-per-function)', 'packages/core/src/long.ts', `export function long(): void {\n${lines(70)}}`),
  plant(
    'eslint(max-params)',
    'packages/core/src/wide.ts',
    `export const wide = (a: 1, b: 1, c: 1, d: 1) => [a, b, c, d]`,
  ),
  plant('typescript(no-explicit-any)', 'packages/core/src/any.ts', `export const read = (text: any): unknown => text`),
  plant('typescript(no-unsafe-assignment)', 'packages/core/src/parsed.ts', `export const parsed = JSON.parse('1')`),
  plant(
    'typescript(no-non-null-assertion)',
    'packages/core/src/bang.ts',
    `export const first = (all: string[]) => all[0]!`,
  ),
  plant('typescript(no-floating-promises)', 'packages/core/src/floating.ts', `Promise.resolve(1)`),
  plant('typescript(no-floating-promises)', 'packages/core/test/floating.test.ts', `Promise.resolve(1)`),
  plant(
    'typescript(no-misused-promises)',
    'packages/core/src/misused.ts',
    `[1].forEach(async () => Promise.resolve())`,
  ),
  plant(
    'typescript(switch-exhaustiveness-check)',
    'packages/core/src/partial.ts',
    `export function f(x: 1 | 2): void { switch (x) { case 1: } }`,
  ),
  plant(
    'typescript(consistent-type-imports)',
    'packages/core/src/inline.ts',
    `export type C = import('multiformats/cid').CID`,
  ),
  plant('import(no-default-export)', 'packages/core/src/nameless.ts', `export default 1`),
  plant('eslint(no-empty)', 'packages/core/src/swallowed.ts', `try { void 0 } catch {}`),
  plant('eslint(no-console)', 'packages/core/src/loud.ts', `console.log('x')`),
]

/** Violations that scripts/check-structure.ts reports. */
export const STRUCTURAL: readonly Violation[] = [
  plant('empty-name', 'packages/core/src/utils/bytes.ts', 'export {}'),
  plant('empty-name', 'packages/node/src/peer-manager.ts', 'export {}'),
  plant('name-case', 'packages/core/src/levelStore.ts', 'export {}'),
  plant('leaves-package', 'packages/blockstore/src/shortcut.ts', `import '${'../'.repeat(2)}core/src/index.ts'`),
  plant('leaves-package', 'packages/core/test/shortcut.ts', `void import('${'../'.repeat(2)}node/src/index.ts')`),
  plant('export-all', 'packages/core/src/all.ts', `export * from './limits.ts'`),
]

/** Violations that the compiler reports. */
export const COMPILED: readonly Violation[] = [
  plant('TS2322', 'packages/core/src/mistyped.ts', `export const size: number = 'one'`),
  plant('TS1294', 'packages/core/src/enum.ts', `export enum Kind { One }`),
  plant('TS2322', 'test/checks/mistyped.test.ts', `export const size: number = 'one'`),
]

/** Violations that knip reports, by the heading of its report. */
export const UNUSED: readonly Violation[] = [
  plant('files', 'packages/core/src/unreachable.ts', 'export {}'),
  plant('exports', 'packages/core/test/unused.test.ts', 'export const unused = 1'),
]

/** A file that the formatter would write differently. */
export const UNFORMATTED = plant('format', 'packages/core/src/ugly.ts', 'export const ugly = "x";')

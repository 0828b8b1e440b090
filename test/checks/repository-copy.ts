// A copy of the repository's sources and settings in a temporary folder, to plant violations in and run the checks on.
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { Violation } from './violations.ts'

/** The repository that these tests belong to. */
export const REPOSITORY = join(import.meta.dirname, '../..')

const COPIED = [
  '.oxfmtrc.json',
  '.oxlintrc.json',
  'knip.json',
  'package.json',
  'packages',
  'scripts',
  'test',
  'tsconfig.base.json',
  'tsconfig.json',
  'vitest.config.ts',
]
const LEFT_OUT = new Set(['node_modules', 'dist', 'fixtures', 'interop', '.turbo'])

const TOOLS = {
  oxfmt: 'node_modules/oxfmt/bin/oxfmt',
  oxlint: 'node_modules/oxlint/bin/oxlint',
  knip: 'node_modules/knip/bin/knip.js',
  tsc: 'node_modules/typescript/bin/tsc',
  structure: 'scripts/check-structure.ts',
} as const

/** What a tool gave: its exit code and all that it printed. */
export interface ToolRun {
  readonly exitCode: number
  readonly output: string
}

/** A temporary copy; disposing of it deletes the folder. */
export class RepositoryCopy implements AsyncDisposable {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** Copies what the checks read, and links the installed dependencies. */
  static async create(): Promise<RepositoryCopy> {
    const folder = await mkdtemp(join(tmpdir(), 'cairn-checks-'))
    const filter = (path: string): boolean => !LEFT_OUT.has(basename(path))
    await Promise.all(COPIED.map((name) => cp(join(REPOSITORY, name), join(folder, name), { recursive: true, filter })))
    await symlink(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'))
    return new RepositoryCopy(folder)
  }

  /** Writes the files of `violations`, over what is there. */
  async plant(violations: readonly Violation[]): Promise<void> {
    for (const { path, source } of violations) {
      const file = join(this.#folder, path)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, source)
    }
  }

  /** Runs a tool of the checks at the root of the copy. */
  run(tool: keyof typeof TOOLS, ...args: readonly string[]): Promise<ToolRun> {
    const { promise, resolve } = Promise.withResolvers<ToolRun>()
    const options = { cwd: this.#folder, maxBuffer: 64 * 1024 * 1024 }
    const child = execFile(process.execPath, [TOOLS[tool], ...args], options, (_error, stdout, stderr) => {
      resolve({ exitCode: child.exitCode ?? -1, output: stdout + stderr })
    })
    return promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true })
  }
}

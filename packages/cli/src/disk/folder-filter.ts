// Which names inside folders are taken: hidden ones, and rules in the form of .gitignore.
import { readFileSync } from 'node:fs'
import ignore, { type Ignore } from 'ignore'
import { systemError } from '@cairn/core'

/** What is left out. */
export interface FilterOptions {
  /** Whether names that begin with a dot are taken. */
  readonly hidden: boolean
  /** Rules in the form of .gitignore. */
  readonly ignore?: readonly string[] | undefined
  /** A file with such rules, which come before those of `ignore`. */
  readonly ignoreRulesPath?: string | undefined
}

/** Paths after which what the rules have remembered about paths is forgotten: a few megabytes. */
const REMEMBERED_PATHS_MAX = 16_384

/** Decides by rules that are relative to the folder that was named. Nothing inside a folder that is left out is asked. */
export class FolderFilter {
  readonly #hidden: boolean
  readonly #rules: string[] = []
  #tester: Ignore | undefined
  #tested = 0

  /** @throws NOT_FOUND, DENIED or INVALID when the file of rules cannot be read */
  constructor({ hidden, ignore: rules = [], ignoreRulesPath }: FilterOptions) {
    this.#hidden = hidden
    if (ignoreRulesPath !== undefined) this.#rules.push(...readRules(ignoreRulesPath))
    this.#rules.push(...rules)
  }

  /** Whether a name is taken that begins as `name` does. */
  takesName(name: string): boolean {
    return this.#hidden || !name.startsWith('.')
  }

  /** Whether the rules take what stands at `path` below the named folder. */
  takesPath(path: string, { isFolder }: { readonly isFolder: boolean }): boolean {
    if (this.#rules.length === 0) return true
    if (this.#tested++ % REMEMBERED_PATHS_MAX === 0) this.#tester = undefined
    this.#tester ??= ignore({ ignorecase: false }).add(this.#rules)
    return !this.#tester.ignores(isFolder ? `${path}/` : path)
  }
}

function readRules(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/)
  } catch (cause) {
    throw systemError(`read the ignore rules in ${path}`, cause)
  }
}

// Names in a tree come from strangers. They are used outside only when each is one name in a directory that came before.
import { CairnError } from '../errors.ts'
import type { TreeItem } from './read.ts'

/** Checks the items of one tree, in the order of `readTree`. */
export class TreeNames {
  readonly #directories = new Set<string>()

  /**
   * Passes for an item whose path, `/a/b` or empty for the root, stays below its root: no name is empty, `.` or `..` or
   * holds NUL or `/`, which would lead through something else in the same tree.
   *
   * @throws INVALID
   */
  check({ path, kind }: Pick<TreeItem, 'path' | 'kind'>): void {
    const slash = path.lastIndexOf('/')
    const name = path.slice(slash + 1)
    const isName = name !== '' && name !== '.' && name !== '..' && !name.includes('\0')
    if (path !== '' && !(isName && this.#directories.has(path.slice(0, slash)))) {
      throw new CairnError('INVALID', `Cannot write an entry named ${JSON.stringify(path)}: it would leave its folder`)
    }
    if (kind === 'directory') this.#directories.add(path)
  }
}

// The tree in docs/architecture.md is the real tree. Format of the fenced block that begins with ```tree:
// `folder/ — what`, and below a package its entries of src, below test/ its folders, indented: `  name — what`.
// Left out are each package's index.ts and limits.ts, and files at the top of test/.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { REPOSITORY } from './repository-copy.ts'

const LINE = /^( *)(\S+) +— \S/
const EVERYWHERE = new Set(['index.ts', 'limits.ts'])

it('draws the tree of packages as it is', () => {
  expect(drawnPaths().filter(isListed).toSorted()).toEqual(realPaths().toSorted())
})

it('draws nothing that is not there', () => {
  expect(drawnPaths().filter((path) => !existsSync(join(REPOSITORY, path)))).toEqual([])
})

/** Paths of the block, entries of a package with `src/` in between. */
function drawnPaths(): string[] {
  const text = readFileSync(join(REPOSITORY, 'docs/architecture.md'), 'utf8')
  const block = /^```tree\n(.*?)^```$/ms.exec(text)?.[1]
  if (block === undefined) throw new Error('docs/architecture.md has no block that begins with ```tree')
  let folder = ''
  return block
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, indent, name] = LINE.exec(line) ?? []
      if (name === undefined) throw new Error(`Not "name — what": ${line}`)
      if (indent === '') folder = name
      return indent === '' ? name : join(folder.startsWith('packages/') ? join(folder, 'src') : folder, name)
    })
}

/** Whether the block must list all that is beside `path`. */
function isListed(path: string): boolean {
  return /^packages\/|^test\//.test(path)
}

function realPaths(): string[] {
  const packages = entriesOf('packages').filter((path) => path.endsWith('/'))
  const sources = packages.flatMap((path) => entriesOf(join(path, 'src')))
  const tests = entriesOf('test').filter((path) => path.endsWith('/') && path !== 'test/node_modules/')
  return [...packages, ...sources, 'test/', ...tests]
}

/** Paths of what is in `folder`, those of folders with a slash at the end. */
function entriesOf(folder: string): string[] {
  return readdirSync(join(REPOSITORY, folder), { withFileTypes: true })
    .filter(({ name }) => !EVERYWHERE.has(name))
    .map((entry) => join(folder, entry.isDirectory() ? `${entry.name}/` : entry.name))
}

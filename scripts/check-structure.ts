// Checks what the linter has no rule for: names of files and folders, imports that leave their package, `export *`.
// Run as `node scripts/check-structure.ts [root]`; prints one line a finding and exits with 1 when there is one.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import process from 'node:process'

/** Names that say nothing about what is inside, in singular and plural. */
const EMPTY_NAME = /(^|-)(utils?|helpers?|commons?|managers?|misc)(-|$)/
/** Kebab-case, with dots before extensions: `block-service.ts`, `message.pb.ts`, `unixfs-v1.test.ts`. */
const KEBAB_NAME = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/
const RELATIVE_IMPORT = /\b(?:from|import)\s*\(?\s*(['"])(\.{1,2}\/.*?)\1/g
const EXPORT_ALL = /^\s*export\s+(type\s+)?\*/

const root = resolve(process.argv[2] ?? join(import.meta.dirname, '..'))
const findings = units(root).flatMap((unit) => filesBelow(unit).flatMap((file) => check(file, unit)))
for (const finding of findings) process.stderr.write(`${finding}\n`)
process.exitCode = findings.length === 0 ? 0 : 1

/** The folders that no relative import may leave: each package, the tests across packages, the scripts. */
function units(top: string): string[] {
  const packages = readdirSync(join(top, 'packages')).map((name) => join(top, 'packages', name))
  return [...packages, join(top, 'test'), join(top, 'scripts')]
}

/** All source files below `folder`. Fixtures keep the names they came with. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (['node_modules', 'dist', 'fixtures', '.turbo'].includes(entry.name)) return []
    if (entry.isDirectory()) return filesBelow(path)
    return /\.(ts|proto)$/.test(entry.name) ? [path] : []
  })
}

function check(file: string, unit: string): string[] {
  const shown = relative(root, file)
  return [
    ...badNames(relative(unit, file)).map((reason) => `${shown}: ${reason}`),
    ...(file.endsWith('.pb.ts') ? [] : badLines(file, unit)).map(([line, reason]) => `${shown}:${line}: ${reason}`),
  ]
}

function badNames(path: string): string[] {
  return path.split(sep).flatMap((name) => {
    if (!KEBAB_NAME.test(name)) return [`name-case: rename ${name} to kebab-case`]
    if (name.split('.').some((part) => EMPTY_NAME.test(part))) return [`empty-name: name ${name} after what is inside`]
    return []
  })
}

function badLines(file: string, unit: string): [line: number, reason: string][] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((text, index): [number, string][] => {
      const leaving = [...text.matchAll(RELATIVE_IMPORT)]
        .map(([, , target = '']) => target)
        .filter((target) => !resolve(dirname(file), target).startsWith(unit + sep))
        .map((target): [number, string] => [index + 1, `leaves-package: import ${target} by its package's name`])
      return EXPORT_ALL.test(text) ? [...leaving, [index + 1, 'export-all: export each name']] : leaving
    })
}

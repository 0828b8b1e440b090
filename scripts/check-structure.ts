// Checks what the linter has no rule for: names of files and folders, imports that leave their package, `export *`.
// Run as `node scripts/check-structure.ts [root]`: prints one line a finding and exits with 1 when there is one.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import process from 'node:process'

/** Names that say nothing about what is inside. */
const EMPTY_NAME = /^(utils?|helpers?|commons?|managers?|misc)$/
/** Kebab-case with dots before endings: `block-service.ts`, `message.pb.ts`. */
const KEBAB_NAME = /^[a-z0-9]+([.-][a-z0-9]+)*$/
const RELATIVE_IMPORT = /\b(?:from|import)\s*\(?\s*(['"])(\.{1,2}\/.*?)\1/g
const EXPORT_ALL = /^\s*export\s+(type\s+)?\*/
/** Folders that hold no source of ours; fixtures keep the names they came with, interop has tools of its own. */
const SKIPPED = new Set(['node_modules', 'dist', 'fixtures', 'interop', '.turbo'])

const root = resolve(process.argv[2] ?? join(import.meta.dirname, '..'))
const findings = units().flatMap((unit) => filesBelow(unit).flatMap((file) => check(file, unit)))
for (const finding of findings) process.stderr.write(`${finding}\n`)
process.exitCode = findings.length === 0 ? 0 : 1

/** The folders that no relative import may leave: each package, the tests across packages, the scripts. */
function units(): string[] {
  const packages = readdirSync(join(root, 'packages')).map((name) => join('packages', name))
  return [...packages, 'test', 'scripts'].map((name) => join(root, name)).filter((path) => existsSync(path))
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return []
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return filesBelow(path)
    return /\.(ts|proto)$/.test(entry.name) ? [path] : []
  })
}

function check(file: string, unit: string): string[] {
  const shown = relative(root, file)
  const names = relative(unit, file)
    .split(sep)
    .flatMap(badName)
    .map((reason) => `${shown}: ${reason}`)
  const lines = readFileSync(file, 'utf8').split('\n')
  return [
    ...names,
    ...lines.flatMap((line, index) => badLine(line, file, unit).map((reason) => `${shown}:${index + 1}: ${reason}`)),
  ]
}

function badName(name: string): string[] {
  if (!KEBAB_NAME.test(name)) return [`name-case: rename ${name} to kebab-case`]
  if (name.split(/[.-]/).some((word) => EMPTY_NAME.test(word))) return [`empty-name: name ${name} after what is inside`]
  return []
}

function badLine(line: string, file: string, unit: string): string[] {
  const leaving = Array.from(line.matchAll(RELATIVE_IMPORT), ([, , target = '']) => target)
    .filter((target) => !resolve(dirname(file), target).startsWith(unit + sep))
    .map((target) => `leaves-package: import ${target} by the name of its package`)
  return EXPORT_ALL.test(line) ? [...leaving, 'export-all: export each name'] : leaving
}

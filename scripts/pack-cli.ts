// Packs the command line as one tarball that `npm install -g` takes: our own packages are inside, those of others come from the
// registry. Run as `node scripts/pack-cli.ts [folder]` after a build; prints the path of the tarball.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'

/** What of a package.json is used here. */
interface Manifest {
  readonly name: string
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
}

const SCOPE = '@cairn/'
/** What a program needs of a package; the sources are for those who work on it. */
const SHIPPED = ['bin', 'dist']

const root = resolve(import.meta.dirname, '..')
const target = resolve(process.argv[2] ?? '.')
const stage = mkdtempSync(join(tmpdir(), 'cairn-pack-'))
try {
  mkdirSync(target, { recursive: true })
  process.stdout.write(`${join(target, pack())}\n`)
} finally {
  rmSync(stage, { recursive: true, force: true })
}

/** @returns the name of the tarball, in `target` */
function pack(): string {
  const cli = manifestOf('cli')
  const own = withAllBelow(cli)
  const manifests = own.map(manifestOf)
  copyPackage('cli', stage)
  for (const name of own) copyPackage(name, join(stage, 'node_modules', SCOPE + name))
  // What ours need has to be named by the one that is installed: npm does not look into what comes inside of it.
  const dependencies = Object.assign({}, ...[...manifests, cli].map((manifest) => manifest.dependencies)) as object
  const manifest = { ...cli, files: SHIPPED, dependencies, bundleDependencies: own.map((name) => SCOPE + name) }
  writeFileSync(join(stage, 'package.json'), JSON.stringify(manifest, null, 2))
  const options = ['--ignore-scripts', '--json', '--pack-destination', target]
  const printed = execFileSync('npm', ['pack', ...options], {
    cwd: stage,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [packed] = JSON.parse(printed) as readonly { readonly filename: string }[]
  if (packed === undefined) throw new Error('npm has packed nothing')
  return packed.filename
}

function copyPackage(name: string, to: string): void {
  const from = join(root, 'packages', name)
  if (!existsSync(join(from, 'dist'))) throw new Error(`${from} is not built: npm run build`)
  for (const entry of ['package.json', ...SHIPPED])
    if (existsSync(join(from, entry))) cpSync(join(from, entry), join(to, entry), { recursive: true })
}

/** Our packages that `manifest` needs, and those that these need. */
function withAllBelow(manifest: Manifest): string[] {
  const found = new Set<string>()
  const waiting = [manifest]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const dependency of Object.keys(next.dependencies ?? {})) {
      const name = dependency.slice(SCOPE.length)
      if (!dependency.startsWith(SCOPE) || found.has(name)) continue
      found.add(name)
      waiting.push(manifestOf(name))
    }
  }
  return [...found].toSorted()
}

function manifestOf(name: string): Manifest {
  return JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as Manifest
}

// Installs the packed command line into an empty folder, as a user does, uses it, and measures what was installed. Run as
// `node scripts/check-install.ts` after a build: prints what it measured, and exits with 1 where it is too much or does not run.
// It needs the registry, for packages that are not ours.
import { execFileSync } from 'node:child_process'
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'

/** Packages that an installation has at most, our own included. */
const PACKAGES_MAX = 200
/** Bytes of all their files at most. */
const BYTES_MAX = 80_000_000

const folder = mkdtempSync(join(tmpdir(), 'cairn-install-'))
try {
  process.exitCode = check() ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function check(): boolean {
  const tarball = run(process.execPath, [join(import.meta.dirname, 'pack-cli.ts'), folder]).trim()
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  run('npm', ['install', '--omit=dev', '--no-audit', '--no-fund', tarball])
  const installed = measure(join(folder, 'node_modules'))
  const megabytes = (bytes: number): string => (bytes / 1_000_000).toFixed(1)
  process.stdout.write(
    `installed: ${installed.packages} packages of at most ${PACKAGES_MAX}, ` +
      `${megabytes(installed.bytes)} MB of at most ${megabytes(BYTES_MAX)}; ` +
      `the tarball has ${megabytes(lstatSync(tarball).size)} MB\n`,
  )
  const isUsable = works()
  process.stdout.write(
    isUsable ? 'it runs: init, add and cat give back what was added\n' : 'it does not give back what was added\n',
  )
  return isUsable && installed.packages <= PACKAGES_MAX && installed.bytes <= BYTES_MAX
}

/** Whether the installed program stores a file and gives it back. */
function works(): boolean {
  const content = 'Stones, piled up to mark a way.\n'.repeat(40_000)
  writeFileSync(join(folder, 'file'), content)
  const cairn = (...args: readonly string[]): string =>
    run(join(folder, 'node_modules', '.bin', 'cairn'), ['--repo', join(folder, 'repo'), ...args])
  process.stdout.write(cairn('version'))
  cairn('init', '--profile', 'test')
  const cid = cairn('add', '-Q', join(folder, 'file')).trim()
  return cairn('cat', cid) === content
}

function run(command: string, args: readonly string[]): string {
  const stdio = ['ignore', 'pipe', 'inherit'] as const
  return execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: [...stdio], maxBuffer: 64 * 1024 * 1024 })
}

interface Measured {
  readonly packages: number
  readonly bytes: number
}

/** Counts the packages and bytes in and below a `node_modules`. */
function measure(path: string): Measured {
  let [packages, bytes] = [0, 0]
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    bytes += lstatSync(file).size
    const isManifest = /[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/@][^\\/]*[\\/]package\.json$/.test(file)
    if (isManifest && 'version' in (JSON.parse(readFileSync(file, 'utf8')) as object)) packages += 1
  }
  return { packages, bytes }
}

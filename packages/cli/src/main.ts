// Entry of the command line. What scripts ask for at every start is answered before anything else is loaded.
import { readVersion } from './version.ts'

/**
 * Runs the command that `argv`, without program names, asks for.
 *
 * @returns the exit code; see `EXIT` in exit-code.ts
 */
export async function main(argv: readonly string[]): Promise<number> {
  const version = readVersion()
  if (argv.length === 1 && argv[0] === '--version') {
    process.stdout.write(`cairn version ${version}\n`)
    return 0
  }
  const { runCommandLine } = await import('./command-line.ts')
  return runCommandLine(argv, version)
}

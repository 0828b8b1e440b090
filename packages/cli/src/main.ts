// Entry of the command line: parses, runs one command in a session, and turns whatever happened into an exit code.
import { EXIT, failureOf } from './exit-code.ts'
import { OutputClosed } from './output.ts'
import { readVersion } from './version.ts'

/**
 * Runs the command that `argv`, without program names, asks for.
 *
 * @returns the exit code; see {@link EXIT}
 */
export async function main(argv: readonly string[]): Promise<number> {
  const version = readVersion()
  // Asked for by scripts at every start, so nothing else is loaded for it.
  if (argv.length === 1 && argv[0] === '--version') {
    process.stdout.write(`cairn version ${version}\n`)
    return EXIT.ok
  }
  const { buildProgram, normalizeFlags } = await import('./program.ts')
  const { CommanderError } = await import('commander')
  const { Session } = await import('./session.ts')
  const program = buildProgram(version, async (globals, run) => {
    await using session = new Session(globals)
    await run(session)
    await session.output.flush()
  })
  try {
    await program.parseAsync(normalizeFlags(argv), { from: 'user' })
    return EXIT.ok
  } catch (error) {
    if (error instanceof OutputClosed) return EXIT.ok
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    const { exitCode, line } = failureOf(error)
    process.stderr.write(`${line}\n`)
    return exitCode
  }
}

// From words to an exit code: parses, runs one command in a session, and says in one line what went wrong.
import { CommanderError } from 'commander'
import { EXIT, failureOf } from './exit-code.ts'
import { OutputClosed } from './terminal/output.ts'
import { buildProgram, normalizeFlags } from './program.ts'
import { Session } from './session.ts'

/** Runs the command in `argv` of the program of this `version`. @returns the exit code; see {@link EXIT} */
export async function runCommandLine(argv: readonly string[], version: string): Promise<number> {
  const program = buildProgram(version, async (globals, run) => {
    await using session = new Session(globals)
    await run(session)
    await session.output.flush()
  })
  // Help is written without a session, and its reader may have gone as well.
  process.stdout.on('error', () => undefined)
  try {
    await program.parseAsync(normalizeFlags(asHelpOption(argv)), { from: 'user' })
    return EXIT.ok
  } catch (error) {
    if (error instanceof OutputClosed) return EXIT.ok
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    const { exitCode, line } = failureOf(error)
    process.stderr.write(`${line}\n`)
    return exitCode
  }
}

/** `help pin add` as `pin add --help`: commander's own help command knows one word only. */
function asHelpOption(argv: readonly string[]): readonly string[] {
  return argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv
}

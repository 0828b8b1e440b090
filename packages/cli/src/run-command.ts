// Runs one command of the table and renders what it yields: text or JSON lines to standard output, progress to the
// terminal, trees to the disk.
import { join, resolve } from 'node:path'
import { formatBytes, formatCount, parsePath } from '@cairn/core'
import type { BytesCommand, Command, CommandInput, EventCommand, Progress, TreeCommand } from '@cairn/rpc'
import { diskSources, totalBytesOf, type DiskSourceOptions } from './disk-source.ts'
import { writeTree, type WrittenTree } from './disk-target.ts'
import type { ProgressLine, ProgressState } from './progress-line.ts'
import type { Session } from './session.ts'
import { readVersion } from './version.ts'

/** Arguments and options of one call, as the command line gave them. */
export interface Call {
  readonly args: readonly string[]
  readonly options: CommandInput['options']
}

/** Runs `command` to its end. @throws whatever the command throws, and OutputClosed */
export async function runCommand(command: Command, call: Call, session: Session): Promise<void> {
  if (command.output === 'events') await runEvents(command, call, session)
  else if (command.output === 'bytes') await runBytes(command, call, session)
  else await runTree(command, call, session)
}

async function runEvents(command: EventCommand, call: Call, session: Session): Promise<void> {
  const input = await inputOf(command, call, session)
  const line = await progressLine(command, call, session)
  const tally = new Tally()
  try {
    for await (const event of command.run(input)) {
      const progress = command.progress(event)
      if (progress !== undefined) {
        line?.update(tally.add(progress))
        continue
      }
      const text = session.globals.json ? JSON.stringify(event) : command.text(event, call.options)
      if (text === undefined) continue
      if (process.stdout.isTTY) line?.clear()
      await session.output.write(`${text}\n`)
    }
  } finally {
    line?.clear()
  }
}

/** To standard output, or to the file that `--output` names. */
async function runBytes(command: BytesCommand, call: Call, session: Session): Promise<void> {
  const pieces = command.run(await inputOf(command, call, session))
  const path = call.options['output']
  if (typeof path !== 'string') {
    for await (const bytes of pieces) await session.output.write(bytes)
    return
  }
  const line = await progressLine(command, call, session)
  const { writeFile } = await import('./disk-file.ts')
  try {
    await writeFile(pieces, path, (bytes) => line?.update({ bytes, name: path }))
  } finally {
    line?.clear()
  }
}

async function runTree(command: TreeCommand, call: Call, session: Session): Promise<void> {
  const out = outputPath(call)
  const line = await progressLine(command, call, session)
  try {
    const written = await writeTree(
      command.run(await inputOf(command, call, session)),
      out,
      ({ bytes, files }, totalBytes) => line?.update({ bytes, files, totalBytes }),
    )
    line?.clear()
    if (session.globals.json) {
      await session.output.write(`${JSON.stringify(savedEvent(out, written, await session.node()))}\n`)
    } else {
      session.say(`Saved ${formatCount(written.files, 'file')}, ${formatBytes(written.bytes)} to ${out}`)
    }
  } finally {
    line?.clear()
  }
}

/** What was saved, with what the exchange counted when there was one; names of its counts are Kubo's. */
function savedEvent(
  path: string,
  { files, directories, symlinks, bytes }: WrittenTree,
  { swarm }: Awaited<ReturnType<Session['node']>>,
) {
  const stats = swarm?.bitswap.stats()
  const exchange = stats && {
    BlocksReceived: stats.blocksReceived,
    DataReceived: stats.dataReceived,
    DupBlksReceived: stats.dupBlksReceived,
    DupDataReceived: stats.dupDataReceived,
    MessagesReceived: stats.messagesReceived,
  }
  return { Path: path, Files: files, Directories: directories, Symlinks: symlinks, Bytes: bytes, Exchange: exchange }
}

/** What the command works with: arguments become texts or sources, as the command says. */
async function inputOf(command: Command, call: Call, session: Session): Promise<CommandInput> {
  const { args, options } = call
  const takesSources = command.arguments.some((argument) => argument.kind === 'source')
  return {
    args: takesSources ? [] : args,
    sources: takesSources ? diskSources(sourcePaths(call), sourceOptions(command, call, session)) : [],
    options,
    node: () =>
      session.node({ online: command.network ? { listen: [] } : undefined, tellsLostPins: !command.tellsLostPins }),
    repo: () => session.repo(),
    agentVersion: `cairn/${readVersion()}`,
    signal: session.signal,
  }
}

/** Standard input when nothing is named. */
function sourcePaths({ args }: Call): readonly string[] {
  return args.length === 0 ? ['-'] : args
}

/** A command that has no `--recursive` says itself what it thinks of folders. */
function sourceOptions(command: Command, { options }: Call, { signal }: Session): DiskSourceOptions {
  const recursive = !('recursive' in command.options) || options['recursive'] === true
  return { recursive, hidden: options['hidden'] === true, signal }
}

/** A progress line when there is a terminal for it; for sources it knows how much there is to do. */
async function progressLine(command: Command, call: Call, session: Session): Promise<ProgressLine | undefined> {
  if (!process.stderr.isTTY || session.globals.json) return undefined
  const { ProgressLine: Line } = await import('./progress-line.ts')
  const takesSources = command.arguments.some((argument) => argument.kind === 'source')
  const isCountable = takesSources && !sourcePaths(call).includes('-')
  return new Line(isCountable ? await totalBytesOf(call.args, sourceOptions(command, call, session)) : undefined)
}

/** Adds up progress that comes file by file. */
class Tally {
  #name = ''
  #finished = 0
  #current = 0

  add({ name, bytes, blocks }: Progress): ProgressState {
    if (blocks !== undefined) return bytes === undefined ? { blocks } : { blocks, bytes }
    if (name !== this.#name) this.#finished += this.#current
    this.#name = name
    this.#current = bytes ?? 0
    return { bytes: this.#finished + this.#current, name }
  }
}

/** Where a tree goes: as told, else by the last name of its path; a target that ends with a slash is the folder for it. */
function outputPath({ args, options }: Call): string {
  const { root, names } = parsePath(args[0] ?? '')
  const name = names.at(-1) ?? root.toString()
  const output = options['output']
  if (typeof output !== 'string') return resolve(name)
  return resolve(output.endsWith('/') ? join(output, name) : output)
}

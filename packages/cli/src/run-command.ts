// Runs one command of the table and renders what it yields: text or JSON lines to standard output, progress to the
// terminal, trees to the disk.
import { CairnError } from '@cairn/core'
import type { BytesCommand, CidForm, Command, CommandInput, EventCommand, Progress, RpcClient } from '@cairn/rpc'
import { diskSources, totalBytesOf, type DiskSourceOptions } from './disk/disk-source.ts'
import type { ProgressLine, ProgressState } from './terminal/progress-line.ts'
import { Table } from './terminal/table.ts'
import { runTree } from './run-tree.ts'
import { STANDARD_ERROR, type Session } from './session.ts'
import { readVersion } from './version.ts'

/** Arguments and options of one call, as the command line gave them. */
export interface Call {
  readonly args: readonly string[]
  readonly options: CommandInput['options']
}

/** Runs `command` to its end. @throws whatever the command throws, and OutputClosed */
export async function runCommand(local: Command, call: Call, session: Session): Promise<void> {
  // What needs no node, or only hashes, is done here, unless somebody asks a certain node.
  const usesNode = local.usesNode && call.options['only-hash'] !== true
  const isHere = local.isLocal || (!usesNode && session.globals.api === undefined)
  const remote = isHere ? undefined : await session.remote()
  const command = remote === undefined ? local : await onDaemon(local, remote, session)
  if (command.output === 'events') await runEvents(command, call, session)
  else if (command.output === 'bytes') await runBytes(command, call, session)
  else {
    const line = await progressLine(command, call, session)
    try {
      await runTree({ command, call, input: await inputOf(command, call, session), line }, session)
    } finally {
      line?.clear()
    }
  }
}

/** The command on a running daemon, which first meets the peers that are named. @throws UNSUPPORTED for a trace, which the RPC has not */
async function onDaemon(command: Command, client: RpcClient, { globals, signal }: Session): Promise<Command> {
  if (globals.trace !== undefined) {
    const instead = 'bitswap wantlist --verbose tells why a block does not come'
    throw new CairnError('UNSUPPORTED', `Cannot trace what a daemon does: ${instead}`)
  }
  const { remoteCommand } = await import('@cairn/rpc')
  for (const peer of globals.peers) {
    const query = new URLSearchParams({ arg: peer, encoding: 'events' })
    for await (const _ of client.call({ path: ['swarm', 'connect'], query, signal }));
  }
  return remoteCommand(command, client)
}

async function runEvents(command: EventCommand, call: Call, session: Session): Promise<void> {
  const form = await formOf(command, session)
  const input = await inputOf(command, call, session)
  const line = await progressLine(command, call, session)
  const tally = new Tally()
  const table = process.stdout.isTTY && !session.globals.json ? new Table(process.stdout) : undefined
  try {
    for await (const yielded of command.run(input)) {
      const event = form === undefined ? yielded : form(yielded)
      const progress = command.progress(event)
      if (progress !== undefined) {
        line?.update(tally.add(progress))
        continue
      }
      const note = command.note(event)
      if (note !== undefined && session.globals.json) continue
      const rows = note === undefined ? table?.add(command.rows(event, call.options)) : undefined
      const text = session.globals.json ? JSON.stringify(event) : (note ?? command.text(event, call.options))
      const shown = rows ?? (text === undefined ? undefined : `${table?.end() ?? ''}${text}\n`)
      if (shown === undefined) continue
      if (process.stdout.isTTY) line?.clear()
      await session.output.write(shown)
    }
  } finally {
    line?.clear()
    if (table !== undefined && !session.output.signal.aborted) await session.output.write(table.end())
  }
}

/** How the results get their CIDs in the form that is asked for; loaded only where one is. */
async function formOf(command: EventCommand, { globals }: Session): Promise<CidForm | undefined> {
  const { cidForm: options, json } = globals
  if (options === undefined) return undefined
  const { cidForm } = await import('@cairn/rpc')
  return cidForm(command, options, !json)
}

/** To standard output, or to the file that `--output`, or else the command, names. */
async function runBytes(command: BytesCommand, call: Call, session: Session): Promise<void> {
  const pieces = command.run(await inputOf(command, call, session))
  const path = call.options['output'] ?? command.fileName(call)
  if (typeof path !== 'string' || path === '-') {
    for await (const bytes of pieces) await session.output.write(bytes)
    return
  }
  const line = await progressLine(command, call, session)
  const { writeFile } = await import('./disk/disk-file.ts')
  try {
    const onProgress = (bytes: number): void => line?.update({ bytes, name: path })
    await writeFile(pieces, path, { onProgress, mode: command.fileMode })
  } finally {
    line?.clear()
  }
}

/** What the command works with: arguments become texts or sources, as the command says. */
async function inputOf(command: Command, call: Call, session: Session): Promise<CommandInput> {
  const { args, options } = call
  const texts = textCount(command)
  return {
    args: args.slice(0, texts),
    sources: texts === undefined ? [] : diskSources(sourcePaths(command, call), sourceOptions(command, call, session)),
    options,
    node: () =>
      session.node({ online: command.network ? { listen: [] } : undefined, tellsLostPins: !command.tellsLostPins }),
    reader: async () => (await session.node()).blocks,
    repo: () => session.repo(),
    agentVersion: `cairn/${readVersion()}`,
    signal: session.signal,
  }
}

/** How many arguments are texts where the rest are sources; `undefined` when all of them are. */
function textCount(command: Command): number | undefined {
  const first = command.arguments.findIndex((argument) => argument.kind === 'source')
  return first === -1 ? undefined : first
}

/** Standard input when nothing is named. */
function sourcePaths(command: Command, { args }: Call): readonly string[] {
  const paths = args.slice(textCount(command))
  if (paths.length > 0) return paths
  if (process.stdin.isTTY)
    throw new CairnError('INVALID', 'Cannot read from the terminal: name a file, or - to type it in')
  return ['-']
}

/** A command that has no `--recursive` is for single files: it says itself what it thinks of folders, and follows links. */
function sourceOptions(command: Command, { options }: Call, { signal }: Session): DiskSourceOptions {
  const isOn = (name: string) => options[name] === true
  const takesFolders = 'recursive' in command.options
  const textOf = (name: string) => (typeof options[name] === 'string' ? options[name] : undefined)
  return {
    recursive: !takesFolders || isOn('recursive'),
    hidden: isOn('hidden'),
    ignore: Array.isArray(options['ignore']) ? options['ignore'] : [],
    ignoreRulesPath: textOf('ignore-rules-path'),
    followLinks: isOn('dereference-symlinks') ? 'all' : isOn('dereference-args') || !takesFolders ? 'named' : 'none',
    preserveMode: isOn('preserve-mode'),
    preserveMtime: isOn('preserve-mtime'),
    stdinName: textOf('stdin-name'),
    signal,
  }
}

/** A progress line when there is a terminal for it; for sources it knows how much there is to do. */
async function progressLine(command: Command, call: Call, session: Session): Promise<ProgressLine | undefined> {
  if (
    call.options['progress'] === false ||
    !process.stderr.isTTY ||
    session.globals.json ||
    session.globals.trace === STANDARD_ERROR
  )
    return undefined
  const { ProgressLine: Line } = await import('./terminal/progress-line.ts')
  const paths = textCount(command) === undefined ? [] : sourcePaths(command, call)
  const isCountable = paths.length > 0 && !paths.includes('-')
  return new Line(isCountable ? await totalBytesOf(paths, sourceOptions(command, call, session)) : undefined)
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

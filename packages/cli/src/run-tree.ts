// Runs a command that yields a tree, and writes it: to the disk as it is, or as an archive to a file or standard output.
import { basename, join, resolve } from 'node:path'
import { CairnError, formatBytes, formatCount, parsePath } from '@cairn/core'
import { fileOf, gzipOf, tarOf, type CommandInput, type TreeCommand } from '@cairn/rpc'
import { TreeContent } from './disk/tree-content.ts'
import { writeTree, type WrittenTree } from './disk/disk-target.ts'
import type { ProgressLine } from './terminal/progress-line.ts'
import type { Call } from './run-command.ts'
import type { Session } from './session.ts'

/** What a tree is written with. */
export interface TreeRun {
  readonly command: TreeCommand
  readonly call: Call
  readonly input: CommandInput
  readonly line: ProgressLine | undefined
}

/** @throws INVALID for options that contradict each other, as `writeTree`, OutputClosed, and whatever the command throws */
export async function runTree({ command, call, input, line }: TreeRun, session: Session): Promise<void> {
  const { archive = false, compress = false, 'compression-level': level } = call.options
  if (level !== undefined && compress !== true)
    throw new CairnError('INVALID', 'Cannot use --compression-level without --compress')
  if (archive === true || compress === true) {
    await runArchive({ command, call, input, line }, session)
    return
  }
  if (call.options['output'] === '-') {
    throw new CairnError(
      'INVALID',
      'Cannot write a tree to standard output: it needs --archive, and one file cairn cat',
    )
  }
  const target = outputPath(call)
  const content = new TreeContent(resolve(target), nameOf(call))
  const items = command.run({ ...input, known: content })
  const written = await writeTree({ items, path: resolve(target), content }, ({ bytes, files }, totalBytes) =>
    line?.update({ bytes, files, totalBytes }),
  )
  line?.clear()
  const out = content.placeOf({ path: '', kind: written.directories === 0 ? 'file' : 'directory' })
  if (session.globals.json) {
    await session.output.write(`${JSON.stringify(savedEvent(out, written, await session.opened()))}\n`)
  } else {
    const { files, bytes, knownBytes } = written
    const known = knownBytes === 0 ? '' : `, of which ${formatBytes(knownBytes)} were there`
    session.say(`Saved ${formatCount(files, 'file')}, ${formatBytes(bytes)} to ${out}${known}`)
  }
}

async function runArchive({ command, call, input, line }: TreeRun, session: Session): Promise<void> {
  const { archive = false, compress = false, 'compression-level': level } = call.options
  const suffixes = `${archive === true ? '.tar' : ''}${compress === true ? '.gz' : ''}`
  const out = withSuffix(outputPath(call), suffixes)
  const items = command.run(input)
  const plain = archive === true ? tarOf(items, nameOf(call)) : fileOf(items)
  const pieces = compress === true ? gzipOf(plain, typeof level === 'number' ? level : undefined) : plain
  if (out === '-') {
    for await (const bytes of pieces) await session.output.write(bytes)
    return
  }
  const { writeFile } = await import('./disk/disk-file.ts')
  let written = 0
  const onProgress = (bytes: number): void => {
    written = bytes
    line?.update({ bytes, name: basename(out) })
  }
  await writeFile(pieces, out, { onProgress, mode: 0o666 })
  line?.clear()
  if (session.globals.json) await session.output.write(`${JSON.stringify({ Path: resolve(out), Bytes: written })}\n`)
  else session.say(`Saved ${formatBytes(written)} to ${resolve(out)}`)
}

/** What was saved, with what the exchange counted when there was one; names of its counts are Kubo's. */
function savedEvent(
  path: string,
  { files, directories, symlinks, bytes, knownBytes }: WrittenTree,
  node: Awaited<ReturnType<Session['opened']>>,
) {
  const stats = node?.swarm?.bitswap.stats()
  const exchange = stats && {
    BlocksReceived: stats.blocksReceived,
    DataReceived: stats.dataReceived,
    DupBlksReceived: stats.dupBlksReceived,
    DupDataReceived: stats.dupDataReceived,
    MessagesReceived: stats.messagesReceived,
  }
  const totals = { Files: files, Directories: directories, Symlinks: symlinks, Bytes: bytes, KnownBytes: knownBytes }
  return { Path: path, ...totals, Exchange: exchange }
}

/** The last name of the path, which is also that of its root in an archive. */
function nameOf({ args }: Call): string {
  const { root, names } = parsePath(args[0] ?? '')
  return names.at(-1) ?? root.toString()
}

/** Where a tree goes: as told, else by its name; a target that ends with a slash is the folder for it. */
function outputPath(call: Call): string {
  const output = call.options['output']
  if (typeof output !== 'string') return nameOf(call)
  return output.endsWith('/') ? join(output, nameOf(call)) : output
}

/** `path` with what of `suffixes` it lacks; standard output has no name. */
function withSuffix(path: string, suffixes: string): string {
  if (path === '-' || path.endsWith(suffixes)) return path
  return path.endsWith('.tar') && suffixes.startsWith('.tar') ? path + suffixes.slice(4) : path + suffixes
}

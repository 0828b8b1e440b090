// cairn files write, cp, mv, rm, mkdir, chmod, touch, chcid and flush: changing mutable files.
import { CairnError, parsePath, resolvePath } from '@cairn/core'
import { lastEvent, nothing } from './answers.ts'
import { eventCommand, firstArgument, type CommandInput } from '../command.ts'
import { parseMode } from '../metadata.ts'
import { FLUSH, FORM, formOf, isContentPath, METADATA, metadataOf, MFS_PATH } from './files-options.ts'

const PARENTS = { type: 'flag', short: 'p', help: 'make the folders on the way' } as const

/** What these commands give and print: nothing. */
const NOTHING: readonly never[] = []
const SILENT = { text: () => undefined, answer: nothing } as const

export const filesWrite = eventCommand({
  path: ['files', 'write'],
  summary: 'Write into a mutable file',
  examples: [
    'echo hello | cairn files write --create /notes.txt',
    'cairn files write -e -p -t /backup/disk.img disk.img',
    'printf X | cairn files write --offset 100 /notes.txt',
  ],
  arguments: [
    MFS_PATH,
    { name: 'data', kind: 'source', optional: true, help: 'file whose content is written; standard input by default' },
  ],
  options: {
    offset: { type: 'count', short: 'o', value: 'N', help: 'begin at this byte; zeros fill what lies before it' },
    create: { type: 'flag', short: 'e', help: 'make the file when it is not there' },
    parents: PARENTS,
    truncate: { type: 'flag', short: 't', help: 'empty the file before' },
    count: { type: 'count', short: 'n', value: 'N', help: 'take at most so many bytes' },
    'raw-leaves': { type: 'flag', help: 'make new leaves raw blocks; by default as those that the file has' },
    ...FORM,
    ...METADATA,
    ...FLUSH,
  },
  fetches: true,
  async *run({ args, sources, options, node, signal }): AsyncGenerator<never> {
    const { offset, create, parents, truncate, count = Infinity, flush } = options
    await (
      await (await node()).files()
    ).write(firstArgument({ args }), firstBytes(contentOf(sources), count), {
      offset,
      create,
      parents,
      truncate,
      rawLeaves: options['raw-leaves'],
      form: formOf(options),
      metadata: metadataOf(options),
      flush,
      signal,
    })
    yield* NOTHING
  },
  ...SILENT,
})

export const filesCp = eventCommand({
  path: ['files', 'cp'],
  summary: 'Copy into the mutable files, from there or from /ipfs; no bytes are copied',
  examples: ['cairn files cp /ipfs/bafy… /photos', 'cairn files cp /photos /old/   becomes /old/photos'],
  arguments: [
    { name: 'source', help: 'path from / on, or /ipfs/CID' },
    { name: 'dest', help: 'path from / on; one that ends with / is a folder' },
  ],
  options: { parents: PARENTS, force: { type: 'flag', help: 'replace a file that is there' }, ...FLUSH },
  fetches: true,
  async *run({ args, options, node, signal }): AsyncGenerator<never> {
    const [source = '', dest = ''] = args
    const opened = await node()
    const files = await opened.files()
    if (!isContentPath(source)) {
      await files.copy(source, dest, { ...options, signal })
    } else {
      const cid = await resolvePath(opened.blocks, source, { signal })
      // Looked at here, for what puts it would ask peers where the call may not.
      await opened.blocks.get(cid, { signal })
      const { root, names } = parsePath(source)
      await files.put(dest, { cid, name: names.at(-1) ?? root.toString() }, { ...options, signal })
    }
    yield* NOTHING
  },
  ...SILENT,
})

export const filesMv = eventCommand({
  path: ['files', 'mv'],
  summary: 'Move or rename within the mutable files',
  examples: ['cairn files mv /draft.txt /final.txt', 'cairn files mv /final.txt /archive/'],
  arguments: [
    { name: 'source', help: 'path from / on' },
    { name: 'dest', help: 'path from / on; a folder that is there gets it inside' },
  ],
  options: FLUSH,
  async *run({ args, options, node, signal }): AsyncGenerator<never> {
    const [source = '', dest = ''] = args
    await (await (await node()).files()).move(source, dest, { ...options, signal })
    yield* NOTHING
  },
  ...SILENT,
})

export const filesRm = eventCommand({
  path: ['files', 'rm'],
  summary: 'Remove files and folders from the mutable files',
  examples: ['cairn files rm /draft.txt', 'cairn files rm -r /old /older', 'cairn files rm --force /maybe'],
  arguments: [{ ...MFS_PATH, repeat: true }],
  options: {
    recursive: { type: 'flag', short: 'r', help: 'folders as well, with all in them' },
    force: { type: 'flag', help: 'the same, and no error for what is not there' },
    ...FLUSH,
  },
  async *run({ args, options, node, signal }): AsyncGenerator<never> {
    const files = await (await node()).files()
    const removed = await Promise.allSettled(args.map((path) => files.remove(path, { ...options, signal })))
    const failed = removed.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    yield* NOTHING
  },
  ...SILENT,
})

export const filesMkdir = eventCommand({
  path: ['files', 'mkdir'],
  summary: 'Make a folder in the mutable files',
  examples: ['cairn files mkdir /photos', 'cairn files mkdir -p /photos/2026/november'],
  arguments: [MFS_PATH],
  options: {
    parents: { ...PARENTS, help: 'make the folders on the way; no error when it is there' },
    ...FORM,
    mode: METADATA.mode,
    mtime: METADATA.mtime,
    'mtime-nsecs': METADATA['mtime-nsecs'],
    ...FLUSH,
  },
  async *run({ args, options, node, signal }): AsyncGenerator<never> {
    const { parents, flush } = options
    const how = { parents, flush, signal, form: formOf(options), metadata: metadataOf(options) }
    await (await (await node()).files()).mkdir(firstArgument({ args }), how)
    yield* NOTHING
  },
  ...SILENT,
})

export const filesChmod = eventCommand({
  path: ['files', 'chmod'],
  summary: 'Store the permissions of a mutable file or folder',
  examples: ['cairn files chmod 0600 /secret.txt'],
  arguments: [{ name: 'mode', help: 'permissions in octal digits' }, MFS_PATH],
  options: FLUSH,
  async *run({ args, options, node, signal }): AsyncGenerator<never> {
    const [mode = '', path = ''] = args
    await (await (await node()).files()).setMetadata(path, { mode: parseMode(mode) }, { ...options, signal })
    yield* NOTHING
  },
  ...SILENT,
})

export const filesTouch = eventCommand({
  path: ['files', 'touch'],
  summary: 'Store the time of change of a mutable file or folder',
  examples: ['cairn files touch /notes.txt', 'cairn files touch --mtime 1700000000 /notes.txt'],
  arguments: [MFS_PATH],
  options: { mtime: METADATA.mtime, 'mtime-nsecs': METADATA['mtime-nsecs'], ...FLUSH },
  async *run({ args, options, node, signal }): AsyncGenerator<never> {
    const files = await (await node()).files()
    const { mtime = files.now() } = metadataOf(options) ?? {}
    await files.setMetadata(firstArgument({ args }), { mtime }, { ...options, signal })
    yield* NOTHING
  },
  ...SILENT,
})

export const filesChcid = eventCommand({
  path: ['files', 'chcid'],
  summary: 'Change the CID version or hash function of a folder; what is in it later follows',
  examples: ['cairn files chcid --cid-version 0 /', 'cairn files chcid --hash blake3 /photos'],
  arguments: [{ ...MFS_PATH, optional: true }],
  options: { ...FORM, ...FLUSH },
  async *run({ args: [path = '/'], options, node, signal }): AsyncGenerator<never> {
    await (await (await node()).files()).changeForm(path, formOf(options), { ...options, signal })
    yield* NOTHING
  },
  ...SILENT,
})

export const filesFlush = eventCommand({
  path: ['files', 'flush'],
  summary: 'Wait until changes of the mutable files are durable, and print the CID',
  examples: ['cairn files flush', 'cairn files flush /photos'],
  arguments: [{ ...MFS_PATH, optional: true }],
  options: {},
  async *run({ args: [path = '/'], node }): AsyncGenerator<{ readonly Cid: string }> {
    const files = await (await node()).files()
    await files.flush()
    yield { Cid: (await files.find(path)).cid.toString() }
  },
  text: ({ Cid }) => Cid,
  answer: lastEvent,
})

/** The content of the first source. */
async function* contentOf(sources: CommandInput['sources']): AsyncGenerator<Uint8Array> {
  for await (const { name, source } of sources) {
    if (source.kind !== 'file') throw new CairnError('INVALID', `Cannot write ${name}: it is not a file`)
    yield* source.content()
    return
  }
  throw new CairnError('INVALID', 'Cannot write: there is no data')
}

async function* firstBytes(content: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count
  if (left === 0) return
  for await (const piece of content) {
    yield piece.subarray(0, left)
    left -= piece.length
    if (left <= 0) return
  }
}

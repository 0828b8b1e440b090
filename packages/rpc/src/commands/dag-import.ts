// cairn dag import: the blocks of CAR files into the repo.
import {
  BLOCK_BYTES_MAX,
  CAR_BIG_BLOCK_BYTES_MAX,
  CairnError,
  formatCid,
  formatCount,
  type CarSource,
} from '@cairn/core'
import { eventCommand, type CommandInput } from '../command.ts'
import { printable } from '../printable.ts'

/** A root, the sums at the end, or how far a file is: field names of the first two are Kubo's. */
type DagImportEvent =
  | { readonly Root: { readonly Cid: { readonly '/': string }; readonly PinErrorMsg: string } }
  | { readonly Stats: { readonly BlockCount: number; readonly BlockBytesCount: number } }
  | { readonly Name: string; readonly Bytes: number }

export const dagImport = eventCommand({
  path: ['dag', 'import'],
  summary: 'Store the blocks of CAR files and pin their roots; fetches nothing',
  examples: [
    'cairn dag import backup.car',
    'cairn dag import --stats first.car second.car',
    'cairn dag import --local-only part.car   a CAR that lacks blocks',
    'curl https://example.com/site.car | cairn dag import',
  ],
  arguments: [
    {
      name: 'file',
      kind: 'source',
      optional: true,
      repeat: true,
      help: 'CAR, - for standard input, which is the default',
    },
  ],
  options: {
    'pin-roots': { type: 'flag', help: 'pin the roots of each CAR; on by default' },
    'local-only': { type: 'flag', help: 'for CARs that lack blocks: as --pin-roots=false' },
    silent: { type: 'flag', help: 'print nothing about roots' },
    stats: { type: 'flag', help: 'print how many blocks were in the CARs' },
    'allow-big-block': { type: 'flag', help: 'take blocks of up to 8 MiB, which peers do not accept' },
  },
  async *run({ sources, options, node, signal }): AsyncGenerator<DagImportEvent> {
    const { 'pin-roots': pin, 'local-only': isPartial = false, silent = false, stats = false } = options
    if (isPartial && pin === true)
      throw new CairnError('INVALID', 'Cannot import: --local-only and --pin-roots contradict each other')
    const pinRoots = pin ?? !isPartial
    const blockBytesMax = options['allow-big-block'] === true ? CAR_BIG_BLOCK_BYTES_MAX : BLOCK_BYTES_MAX
    const failures: CairnError[] = []
    let roots = 0
    for await (const event of (await node()).importCars(carsOf(sources), { pinRoots, blockBytesMax, signal })) {
      if (event.kind === 'progress') {
        yield { Name: event.path, Bytes: event.bytes }
      } else if (event.kind === 'stats') {
        if (stats) yield { Stats: { BlockCount: event.blocks, BlockBytesCount: event.bytes } }
      } else {
        const { cid, error } = event
        roots++
        if (error !== undefined) failures.push(error)
        if (!silent) yield { Root: { Cid: { '/': formatCid(cid) }, PinErrorMsg: error?.message ?? '' } }
      }
    }
    const [first] = failures
    if (first === undefined) return
    const message = `Cannot pin ${failures.length} of ${formatCount(roots, 'root')}, the blocks are stored: ${first.message}`
    throw new CairnError(first.code, message, { cause: first, cid: first.cid })
  },
  text(event) {
    if ('Root' in event) {
      const { Cid, PinErrorMsg } = event.Root
      return `Pinned root\t${Cid['/']}\t${PinErrorMsg === '' ? 'success' : `FAILED: ${printable(PinErrorMsg)}`}`
    }
    if ('Bytes' in event) return undefined
    return `Imported ${formatCount(event.Stats.BlockCount, 'block')} (${event.Stats.BlockBytesCount} bytes)`
  },
  progress: (event) => ('Bytes' in event ? { name: event.Name, bytes: event.Bytes } : undefined),
})

async function* carsOf(sources: CommandInput['sources']): AsyncGenerator<CarSource> {
  for await (const { name, source } of sources) {
    if (source.kind !== 'file') throw new CairnError('INVALID', `Cannot import ${name}: it is not a file`)
    yield { name, content: () => source.content() }
  }
}

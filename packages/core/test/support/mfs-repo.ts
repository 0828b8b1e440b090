// A repo in memory with mutable files in it.
import {
  BlockService,
  CairnError,
  collect,
  decodeUnixFS,
  isDirectory,
  listDirectory,
  Mfs,
  readFile,
  recordedRoot,
  type KeyValueChange,
} from '../../src/index.ts'
import { allBytes } from './bytes.ts'
import { MapRecords } from './map-records.ts'
import { MapStore } from './map-store.ts'

/** Records that count their batches, wait for each, and fail when they are told to. */
class Records extends MapRecords {
  batches = 0
  fails = false

  override async batch(changes: readonly KeyValueChange[]): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 1))
    if (this.fails) throw new CairnError('LIMIT', 'Cannot write: the disk is full')
    this.batches++
    await super.batch(changes)
  }
}

/** The time that it is in a repo. */
export const NOW = { seconds: 1_700_000_000n, nanoseconds: 0 }

/** A repo in memory. */
export class Repo {
  readonly records = new Records()
  readonly store = new MapStore()
  readonly blocks = new BlockService({ store: this.store })

  open(): Promise<Mfs> {
    return Mfs.open({ records: this.records, store: this.store, blocks: this.blocks, now: () => NOW })
  }

  /** The mutable files as they are after a crash: opened from what is recorded alone. */
  async recorded(): Promise<Record<string, string>> {
    return treeOf(await this.open())
  }

  async collect(): Promise<void> {
    const { records } = this
    // Asked for when the collection has begun: what is recorded later is stored after it has.
    async function* list() {
      const root = await recordedRoot(records)
      if (root !== undefined) yield { cid: root, type: 'recursive', isPartial: true } as const
    }
    for await (const _ of collect({ store: this.store, pins: { list }, local: this.blocks }));
  }
}

/** All paths with the content of each file; folders have none and end with a slash. */
export async function treeOf(files: Mfs, path = '/'): Promise<Record<string, string>> {
  const tree: Record<string, string> = {}
  for await (const { name, cid } of listDirectory(files.reader, (await files.find(path)).cid)) {
    const node = decodeUnixFS(await files.reader.get(cid))
    if (isDirectory(node)) Object.assign(tree, { [`${path}${name}/`]: '' }, await treeOf(files, `${path}${name}/`))
    else tree[`${path}${name}`] = Buffer.from(await allBytes(readFile(files.reader, cid))).toString()
  }
  return tree
}

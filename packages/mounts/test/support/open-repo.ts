// A repo of blocks and records in memory, or on a disk, with the file system over it.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryKeyValueStore, MemoryStore, openLevelKeyValueStore, openLevelStore } from '@cairn/blockstore'
import { BlockService, collect, Mfs, recordedRoot, type BlockStore, type KeyValueStore } from '@cairn/core'
import { Vfs } from '../../src/index.ts'

/** An open repo. */
export class TestRepo {
  readonly store: BlockStore
  readonly records: KeyValueStore
  readonly blocks: BlockService
  readonly errors: unknown[] = []

  constructor(store: BlockStore = new MemoryStore(), records: KeyValueStore = new MemoryKeyValueStore()) {
    this.store = store
    this.records = records
    this.blocks = new BlockService({ store })
  }

  openFiles(): Promise<Mfs> {
    return Mfs.open({ records: this.records, store: this.store, blocks: this.blocks })
  }

  async open(): Promise<{ readonly mfs: Mfs; readonly vfs: Vfs }> {
    const mfs = await this.openFiles()
    return { mfs, vfs: new Vfs({ mfs, onError: (error) => this.errors.push(error) }) }
  }

  async collect(): Promise<void> {
    const { records } = this
    async function* list() {
      const root = await recordedRoot(records)
      if (root !== undefined) yield { cid: root, type: 'recursive', isPartial: true } as const
    }
    for await (const _ of collect({ store: this.store, pins: { list }, local: this.blocks }));
  }
}

/** Runs `use` with a repo in a folder of its own. */
export async function withDiskRepo(use: (repo: TestRepo) => Promise<void>): Promise<void> {
  const path = await mkdtemp(join(tmpdir(), 'cairn-mounts-'))
  try {
    await using stack = new AsyncDisposableStack()
    const store = await openLevelStore(path)
    stack.defer(() => store.close())
    const records = await openLevelKeyValueStore(join(path, 'meta'))
    stack.defer(() => records.close())
    await use(new TestRepo(store, records))
  } finally {
    await rm(path, { recursive: true, force: true })
  }
}

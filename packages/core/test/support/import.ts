// Imports into a store, for tests that read.
import {
  BlockService,
  importTree,
  PROFILES,
  storeBlocks,
  type EntryEvent,
  type ImportSettings,
  type ImportSource,
} from '../../src/index.ts'
import { streamOf } from './bytes.ts'
import { MapStore } from './map-store.ts'

/** Something that was imported, with a reader of the blocks it was stored in. */
export interface Imported {
  readonly root: EntryEvent
  readonly entries: readonly EntryEvent[]
  readonly store: MapStore
  readonly reader: BlockService
}

/** The profile `unixfs-v1-2025`, with what a test changes of it. */
export function settingsOf(changes: Partial<ImportSettings> = {}): ImportSettings {
  return { ...PROFILES['unixfs-v1-2025'], ...changes }
}

/** A file of these pieces. */
export function fileSource(...pieces: readonly Uint8Array[]): ImportSource {
  return { kind: 'file', content: () => streamOf(...pieces) }
}

/** A directory of these entries, in their order. */
export function directorySource(entries: Readonly<Record<string, ImportSource>>): ImportSource {
  return {
    kind: 'directory',
    async *entries() {
      for (const [name, source] of Object.entries(entries)) yield { name, source }
    },
  }
}

/** Imports `source` as `root` into a store of its own. */
export async function imported(source: ImportSource, changes: Partial<ImportSettings> = {}): Promise<Imported> {
  const store = new MapStore()
  const entries: EntryEvent[] = []
  for await (const event of storeBlocks(store)(importTree({ name: 'root', source }, settingsOf(changes)))) {
    if (event.kind === 'entry') entries.push(event)
  }
  const root = entries.at(-1)
  if (root === undefined) throw new Error('an import ends with an entry')
  return { root, entries, store, reader: new BlockService({ store }) }
}

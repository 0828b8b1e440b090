// A store that is closed, and changes to it behind its back.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Block } from '@cairn/core'
import { openDatabase, type Change, type Database } from '../src/database/database.ts'
import { openLevelStore } from '../src/index.ts'
import { decodeLocation, encodeLogKey, type Location } from '../src/log/record.ts'
import { tempFolder } from './temp-folder.ts'

/** Folder of a closed store that has `blocks`. */
export async function folderWith(blocks: readonly Block[]): Promise<string> {
  const path = await tempFolder()
  const store = await openLevelStore(path)
  await store.putMany(blocks)
  await store.close()
  return path
}

/** Changes records of one of the databases of a closed store. */
export async function changeDatabase(
  path: string,
  name: 'blocks' | 'index',
  work: (database: Database) => Promise<readonly Change[]>,
): Promise<void> {
  const database = await openDatabase(join(path, name), { tableBytes: 1 << 20 })
  await database.batch(await work(database), { sync: true })
  await database.close()
}

/** Where the index of a closed store has a block, and the key of its record in the log. */
export async function placeIn(
  path: string,
  { cid }: Pick<Block, 'cid'>,
): Promise<{ readonly multihash: Uint8Array; readonly location: Location; readonly key: Uint8Array }> {
  const database = await openDatabase(join(path, 'index'), { tableBytes: 1 << 20 })
  const multihash = cid.multihash.bytes
  const location = decodeLocation((await database.get(multihash)) ?? new Uint8Array())
  await database.close()
  return { multihash, location, key: encodeLogKey(location.sequence, multihash) }
}

/**
 * Flips the last bit of the sequence number of one block's record, in the file of its table, so that the keys are still in
 * order: a walk meets the record, and no read finds it, for LevelDB's filter has the key as it was. Gives which block it is.
 */
export async function misplaceRecord(path: string, blocks: readonly Block[]): Promise<Block> {
  const [first] = blocks
  if (first === undefined) throw new RangeError('no blocks')
  const { location } = await placeIn(path, first)
  const digests = blocks.map(({ cid }) => Buffer.from(cid.multihash.digest))
  // It gets the sequence of the block before it, and stands behind that by its digest.
  const chosen = blocks.find(
    (_, at) =>
      at > 0 &&
      (location.sequence + at) % 2 === 1 &&
      Buffer.compare(digests[at] ?? Buffer.of(), digests[at - 1] ?? Buffer.of()) > 0,
  )
  if (chosen === undefined) throw new RangeError('no block with such a digest')
  const folder = join(path, 'blocks')
  for (const name of await readdir(folder)) {
    const table = await readFile(join(folder, name))
    const at = table.indexOf(chosen.cid.multihash.bytes)
    if (!name.endsWith('.ldb') || at < 0) continue
    table[at - 1] = (table[at - 1] ?? 0) ^ 1
    await writeFile(join(folder, name), table)
  }
  return chosen
}

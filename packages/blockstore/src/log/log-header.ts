// The header of a log: its version, and the name by which an index knows whose it is.
import { randomBytes } from 'node:crypto'
import { CairnError } from '@cairn/core'
import type { Database } from '../database/database.ts'
import { doubtFiles, isDoubtful } from '../files/database-files.ts'
import type { OnRecovery } from '../recovery-event.ts'
import { decodeHeader, encodeHeader, HEADER_KEY } from './record.ts'

const FORMAT_VERSION = 1

/** Who knows the name of a log, and who is told that it is lost. */
export interface HeaderSettings {
  readonly onRecovery?: OnRecovery | undefined
  /** Name of the log that the index was made from, if there is one: asked for when the log itself has lost it, or may have. */
  readonly recallId?: () => Promise<Uint8Array | undefined>
}

/** Bits in which a damaged name differs from its own at most. Two random ones of 128 bits are as near once in 10^13. */
const DAMAGED_BITS_MAX = 24

/**
 * The name of the log in `database`. A new one gets a header, and so does one that has lost its own, or in which it is
 * damaged: under its old name if that is known.
 *
 * @throws UNSUPPORTED for a log of a newer version
 */
export async function openHeader(database: Database, path: string, settings: HeaderSettings): Promise<Uint8Array> {
  const [stored] = await database.getReadable([HEADER_KEY])
  const header = stored && decodeHeader(stored)
  if (header === undefined) return writeHeader(database, path, settings)
  const remembered = (await isDoubtful(path)) ? await settings.recallId?.() : undefined
  if (remembered !== undefined && isNear(header.id, remembered)) {
    const value = encodeHeader({ version: FORMAT_VERSION, id: remembered })
    if (header.version !== FORMAT_VERSION || differingBits(header.id, remembered) > 0)
      await database.batch([{ key: HEADER_KEY, value }], { sync: true })
    return remembered
  }
  if (header.version === FORMAT_VERSION) return header.id
  throw new CairnError(
    'UNSUPPORTED',
    `Cannot open ${path}: it has format ${header.version}, this version knows ${FORMAT_VERSION}`,
  )
}

/** A header that was not there. */
async function writeHeader(
  database: Database,
  path: string,
  { recallId, onRecovery }: HeaderSettings,
): Promise<Uint8Array> {
  const remembered = await recallId?.()
  const id = remembered ?? Uint8Array.from(randomBytes(16))
  const value = encodeHeader({ version: FORMAT_VERSION, id })
  const isAllGone = await isEmpty(database)
  if (remembered !== undefined || !isAllGone) await doubtFiles(path)
  // Of a log that is gone as a whole the index tells what is lost.
  if (!isAllGone) onRecovery?.({ kind: 'dropped', path, bytes: value.length })
  await database.batch([{ key: HEADER_KEY, value }], { sync: true })
  return id
}

async function isEmpty(database: Database): Promise<boolean> {
  for await (const _ of database.pages(HEADER_KEY, () => undefined)) return false
  return true
}

function isNear(id: Uint8Array, other: Uint8Array): boolean {
  return id.length === other.length && differingBits(id, other) <= DAMAGED_BITS_MAX
}

function differingBits(id: Uint8Array, other: Uint8Array): number {
  let bits = 0
  for (const [index, byte] of id.entries())
    for (let rest = byte ^ (other[index] ?? 0); rest > 0; rest >>= 1) bits += rest & 1
  return bits
}

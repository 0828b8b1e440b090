// CAR files into a store: all blocks of all files are proven and stored, and then each root is pinned. Nothing is fetched.
// An import that ends early leaves the blocks of whole batches, so that the next one has less to write, and no pin.
import type { CID } from 'multiformats/cid'
import { pipe } from 'it-pipe'
import type { BlockService } from '../block/block-service.ts'
import { CairnError, isCairnError, type ErrorCode } from '../errors.ts'
import type { AbortOptions } from '../interfaces.ts'
import { CAR_PROGRESS_BYTES } from '../limits.ts'
import type { Pins } from '../pins/pins.ts'
import { storeBlocks, type BlockEvent, type ProgressEvent } from '../unixfs/import.ts'
import { readCar, type ReadCarOptions } from './read-car.ts'

/** A CAR and the name that messages call it by. */
export interface CarSource {
  readonly name: string
  content(): AsyncIterable<Uint8Array>
}

/** What an import works with. */
export interface ImportCarsParts {
  /** Stores the blocks. */
  readonly blocks: BlockService
  /** What is here, and nothing else: pins are taken from it. */
  readonly local: BlockService
  readonly pins: Pins
}

/** How to import. */
export interface ImportCarsOptions extends ReadCarOptions, AbortOptions {
  /** Pins each root of the files recursively; true by default. */
  readonly pinRoots?: boolean
}

/** A root that was to be pinned, and why it was not. */
export interface CarRootEvent {
  readonly kind: 'root'
  readonly cid: CID
  readonly error: CairnError | undefined
}

/** Blocks in the files and their bytes, repeated ones included. The last event. */
export interface CarStatsEvent {
  readonly kind: 'stats'
  readonly blocks: number
  readonly bytes: number
}

/** What {@link importCars} reports; bytes of progress are those of the file. */
export type ImportCarsEvent = ProgressEvent | CarRootEvent | CarStatsEvent

/**
 * Stores the blocks of `files`, then pins their roots, one by one in the order in which they stand, each recorded once
 * all below it is known to be here. A root that lacks a block is reported and not pinned.
 *
 * @throws as `readCar`, `BlockService.putMany`, and whatever `files` throw
 */
export async function* importCars(
  files: AsyncIterable<CarSource> | Iterable<CarSource>,
  { blocks, local, pins }: ImportCarsParts,
  { pinRoots = true, signal, ...reading }: ImportCarsOptions = {},
): AsyncGenerator<ImportCarsEvent> {
  const hold = blocks.hold()
  const found: Found = { roots: new Map(), blocks: 0, bytes: 0 }
  try {
    for await (const event of pipe(blocksOf(files, found, { ...reading, signal }), storeBlocks(blocks))) {
      if (event.kind === 'progress') yield event
    }
    for (const cid of pinRoots ? found.roots.values() : []) {
      yield { kind: 'root', cid, error: await pinFailure(pins.add(cid, { blocks: local, signal })) }
    }
    yield { kind: 'stats', blocks: found.blocks, bytes: found.bytes }
  } finally {
    hold.release()
  }
}

/** What was met in the files so far. */
interface Found {
  /** By their text. */
  readonly roots: Map<string, CID>
  blocks: number
  bytes: number
}

async function* blocksOf(
  files: AsyncIterable<CarSource> | Iterable<CarSource>,
  found: Found,
  { signal, ...reading }: ReadCarOptions & AbortOptions,
): AsyncGenerator<BlockEvent | ProgressEvent> {
  for await (const file of files) {
    const { name } = file
    let reported = 0
    try {
      for await (const event of readCar(file.content(), reading)) {
        signal?.throwIfAborted()
        if (event.kind === 'header') {
          for (const root of event.roots) found.roots.set(root.toString(), root)
          continue
        }
        const { block, endOffset } = event
        found.blocks++
        found.bytes += block.bytes.length
        yield { kind: 'block', block }
        if (endOffset - reported < CAR_PROGRESS_BYTES) continue
        reported = endOffset
        yield { kind: 'progress', path: name, bytes: endOffset }
      }
    } catch (error) {
      throw isCairnError(error) ? about(name, error) : error
    }
  }
}

function about(name: string, error: CairnError): CairnError {
  const subject = name === '' ? 'from standard input' : name
  return new CairnError(error.code, `Cannot import ${subject}: ${error.message}`, { cause: error, cid: error.cid })
}

/** Codes that say something of the root and what is below it, and nothing of the store. */
const ABOUT_ROOT: ReadonlySet<ErrorCode> = new Set([
  'NOT_FOUND',
  'CORRUPT',
  'INVALID',
  'UNSUPPORTED',
  'DENIED',
  'LIMIT',
])

async function pinFailure(pinned: Promise<void>): Promise<CairnError | undefined> {
  try {
    await pinned
    return undefined
  } catch (error) {
    if (isCairnError(error) && ABOUT_ROOT.has(error.code)) return error
    throw error
  }
}

// CARs as bytes for tests, and the fixtures of other implementations.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { readCar, writeCar, type Block, type CarBlockEvent, type ReadCarOptions } from '../../src/index.ts'
import { allBytes } from '../support/bytes.ts'

const FOLDER = join(import.meta.dirname, '../../../../../shared/fixtures/car')

/** Why the fixtures are skipped, `undefined` when they are here. */
export const fixturesMissing: string | undefined = existsSync(FOLDER)
  ? undefined
  : 'CAR fixtures are skipped: the collection is not beside the repository'

/** What is known of one fixture. */
export interface CarFixture {
  readonly file: string
  readonly verdict: 'ok' | 'incomplete' | 'reject'
  readonly version?: number
  readonly roots?: readonly string[]
  readonly blocks?: number
  readonly duplicates?: number
  readonly missing?: readonly string[]
}

/** All fixtures. */
export function carFixtures(): readonly CarFixture[] {
  if (fixturesMissing !== undefined) return []
  return (JSON.parse(readFileSync(join(FOLDER, 'cars.json'), 'utf8')) as { cars: readonly CarFixture[] }).cars
}

/** The bytes of one. */
export function fixtureBytes(file: string): Uint8Array {
  return new Uint8Array(readFileSync(join(FOLDER, file)))
}

/** A CAR of these roots and blocks. */
export function carOf(roots: readonly CID[], blocks: readonly Block[]): Promise<Uint8Array> {
  return allBytes(writeCar(roots, streamed(blocks)))
}

/** `bytes` in pieces of `pieceBytes`. */
export async function* inPieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.slice(at, at + pieceBytes)
}

/** Everything that is read of a CAR. */
export interface ReadCar {
  readonly version: number
  readonly roots: readonly CID[]
  readonly blocks: readonly CarBlockEvent[]
}

/** Reads a CAR that comes in pieces of `pieceBytes`. */
export async function readAll(
  bytes: Uint8Array,
  { pieceBytes = 1000, ...options }: ReadCarOptions & { readonly pieceBytes?: number } = {},
): Promise<ReadCar> {
  let [version, roots]: [number, readonly CID[]] = [0, []]
  const blocks: CarBlockEvent[] = []
  for await (const event of readCar(inPieces(bytes, pieceBytes), options)) {
    if (event.kind === 'header') ({ version, roots } = event)
    else blocks.push(event)
  }
  return { version, roots, blocks }
}

async function* streamed(blocks: readonly Block[]): AsyncGenerator<Block> {
  yield* blocks
}

// CARs out of chance, and sound ones with changes: reading them, as a stream and at any place, gives blocks or an error of
// ours, and takes no more memory for it.
import {
  buildCarIndex,
  createBlock,
  isCairnError,
  openCarFile,
  readCar,
  writeCar,
  type Block,
  type RandomAccess,
} from '@cairn/core'
import { expect, test } from 'vitest'
import { MemoryGrowth } from './memory-growth.ts'
import { below, seededRandom, type Random } from './random.ts'
import { ROUNDS } from './rounds.ts'

/** Files between two looks at the memory, which also give the test a turn to end. */
const FILES_PER_LOOK = 1000

test('a CAR of any bytes gives blocks or an error of ours', { timeout: 3_600_000 }, async () => {
  const random = seededRandom(ROUNDS.seed)
  const sound = [
    await carOf([]),
    await carOf([leaf(1)]),
    await carOf([leaf(1), leaf(2), leaf(1)]),
    await v2Of([leaf(1), leaf(2)]),
  ]
  const growth = new MemoryGrowth()
  let whole = 0
  for (let file = 0; file < ROUNDS.fuzz; file++) {
    const bytes = changed(sound[below(random, sound.length)] ?? new Uint8Array(0), random)
    const context = `seed ${ROUNDS.seed}, file ${file}: ${Buffer.from(bytes).toString('hex')}`
    if (await outcome(() => readStream(bytes, below(random, 40) + 1), context)) whole++
    await outcome(() => readPlaces(bytes), context)
    if (file % FILES_PER_LOOK > 0) continue
    expect(growth.isBounded(), context).toBe(true)
    await new Promise((resolve) => setImmediate(resolve))
  }
  // Some changes are none, and some hit what is not looked at.
  expect(whole).toBeGreaterThan(0)
  expect(whole).toBeLessThan(ROUNDS.fuzz)
})

/** Whether it came to its end. Fails on any error but ours. */
async function outcome(action: () => Promise<void>, context: string): Promise<boolean> {
  try {
    await action()
    return true
  } catch (error) {
    if (!isCairnError(error)) throw new Error(`Not an error of ours (${context})`, { cause: error })
    return false
  }
}

async function readStream(bytes: Uint8Array, pieceBytes: number): Promise<void> {
  async function* content() {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
  }
  for await (const event of readCar(content()))
    if (event.kind === 'block') expect(event.block.bytes.length).toBeLessThan(100)
}

async function readPlaces(bytes: Uint8Array): Promise<void> {
  const car = await openCarFile(fileOf(bytes))
  for (const { cid } of [leaf(1), leaf(2), leaf(3)]) await outcome(async () => void (await car.get(cid)), 'get')
}

/** All, a part, or more of `sound`, with some bytes changed; now and then nothing of it. */
function changed(sound: Uint8Array, random: Random): Uint8Array {
  const choice = below(random, 10)
  if (choice === 0) return randomBytes(below(random, 200), random)
  const kept = sound.slice(0, choice < 3 ? below(random, sound.length + 1) : sound.length)
  const bytes = choice === 4 ? new Uint8Array([...kept, ...randomBytes(below(random, 30), random)]) : kept
  for (let change = below(random, 4); change > 0 && bytes.length > 0; change--) {
    const at = below(random, bytes.length)
    // A bit, a byte, or a number that claims much.
    bytes[at] = [(bytes[at] ?? 0) ^ (1 << below(random, 8)), below(random, 256), 0xff][below(random, 3)] ?? 0
  }
  return bytes
}

function randomBytes(count: number, random: Random): Uint8Array {
  return Uint8Array.from({ length: count }, () => below(random, 256))
}

function leaf(number: number): Block {
  return createBlock(new TextEncoder().encode(`leaf ${number}`), { codec: 0x55 })
}

async function carOf(blocks: readonly Block[]): Promise<Uint8Array> {
  async function* all() {
    yield* blocks
  }
  return new Uint8Array(Buffer.concat(await Array.fromAsync(writeCar([leaf(1).cid], all()))))
}

function fileOf(bytes: Uint8Array): RandomAccess {
  return { size: bytes.length, read: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)) }
}

async function v2Of(blocks: readonly Block[]): Promise<Uint8Array> {
  const inner = await carOf(blocks)
  const head = Buffer.alloc(51)
  head.set(Buffer.from('0aa16776657273696f6e02', 'hex'))
  head.writeBigUInt64LE(51n, 27)
  head.writeBigUInt64LE(BigInt(inner.length), 35)
  head.writeBigUInt64LE(BigInt(51 + inner.length), 43)
  const index = await buildCarIndex(fileOf(inner), { dataOffset: 0, dataBytes: inner.length, firstSection: 59 })
  return new Uint8Array([...head, ...inner, ...index])
}

// Every decoder on random bytes, and on sound ones with changes: it gives a value or an error of ours, soon, and takes no more memory for
// it. CAIRN_FUZZ sets how often, CAIRN_SEED begins again where one failed.
import { isCairnError } from '@cairn/core'
import { expect, test } from 'vitest'
import { DECODERS, type Decoder } from './fuzz-decoders.ts'
import { MemoryGrowth } from './memory-growth.ts'
import { below, seededRandom, type Random } from './random.ts'
import { ROUNDS } from './rounds.ts'

/** Milliseconds that one input of at most a few hundred bytes may take, on a busy machine. */
const INPUT_MS_MAX = 2000
/** Inputs between two looks at the memory, which also give the test a turn to end. */
const INPUTS_PER_LOOK = 1000
/** Bytes that often mean something: lengths, tags, brackets. */
const TELLING = [
  0, 1, 0x0a, 0x12, 0x18, 0x1b, 0x22, 0x2f, 0x5b, 0x5f, 0x7b, 0x7f, 0x80, 0x81, 0x9b, 0x9f, 0xbb, 0xd8, 0xf9, 0xfb,
  0xff,
]

test.for(DECODERS)('$name of any bytes: a value or an error of ours', { timeout: 3_600_000 }, async (decoder) => {
  console.log(`seed ${ROUNDS.seed}`)
  const random = seededRandom(ROUNDS.seed)
  const growth = new MemoryGrowth()
  let sound = 0
  for (let input = 0; input < ROUNDS.fuzz; input++) {
    const bytes = changed(decoder, random)
    if (await isDecoded(decoder, bytes)) sound++
    if (input % INPUTS_PER_LOOK > 0) continue
    expect(growth.isBounded()).toBe(true)
    await new Promise((resolve) => setImmediate(resolve))
  }
  // Else it would not be the decoder that is tried.
  expect(sound).toBeGreaterThan(0)
  expect(sound).toBeLessThan(ROUNDS.fuzz)
})

/** Fails on any error but ours, and on an input that takes long. */
async function isDecoded({ name, decode }: Decoder, bytes: Uint8Array): Promise<boolean> {
  const start = performance.now()
  const context = `${name}, seed ${ROUNDS.seed}: ${Buffer.from(bytes).toString('hex')}`
  try {
    await decode(bytes)
    return true
  } catch (error) {
    if (!isCairnError(error)) throw new Error(`Not an error of ours (${context})`, { cause: error })
    return false
  } finally {
    expect(performance.now() - start, context).toBeLessThan(INPUT_MS_MAX)
  }
}

/** A seed with some bytes changed, put in, taken out or repeated; now and then nothing of it. */
function changed({ seeds }: Decoder, random: Random): Uint8Array {
  const one = seeds[below(random, seeds.length)] ?? new Uint8Array(0)
  if (below(random, 10) === 0) return Uint8Array.from({ length: below(random, 100) }, () => below(random, 256))
  const bytes = [...one]
  for (let change = below(random, 5); change > 0; change--) {
    const at = below(random, bytes.length + 1)
    const byte = below(random, 2) === 0 ? below(random, 256) : (TELLING[below(random, TELLING.length)] ?? 0)
    const kind = below(random, 6)
    if (kind === 0) bytes.splice(at, 0, byte)
    else if (kind === 1) bytes.splice(at, 1 + below(random, 8))
    else if (kind === 2) bytes.splice(at, 0, ...bytes.slice(at, at + below(random, 40)))
    else if (kind === 3) bytes.splice(at, 0, ...(seeds[below(random, seeds.length)] ?? []))
    else if (at < bytes.length) bytes[at] = kind === 4 ? byte : (bytes[at] ?? 0) ^ (1 << below(random, 8))
  }
  return Uint8Array.from(bytes)
}

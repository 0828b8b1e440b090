// Bodies of chance, and sound ones with changes: a tree of sources or an error of ours, whatever comes and in whatever pieces.
import { isCairnError, type NamedSource } from '@cairn/core'
import { expect, test } from 'vitest'
import { readMultipart } from '../../src/http/multipart.ts'
import { form } from './open-rpc.ts'

/** Bodies; CAIRN_SLOW=1 tries many more, and CAIRN_SEED others. */
const BODIES = process.env['CAIRN_SLOW'] === '1' ? 200_000 : 3000
const SEED = Number(process.env['CAIRN_SEED'] ?? 1)

const SOUND = [
  form([{ filename: 'a', content: 'one' }]),
  form([
    { name: 'dir', filename: 'd', type: 'application/x-directory' },
    { filename: 'd%2Ff', content: 'x'.repeat(500) },
    { filename: 'd%2Fe%2F..%2F..%2Fg', content: '' },
    {
      name: 'file?mode=0644&mtime=1600000000&mtime-nsecs=5',
      filename: 'l',
      type: 'application/symlink',
      content: 'd/f',
    },
  ]),
  form([{ filename: 'a%00b', content: '\r\n--line' }, { content: 'nameless' }]),
]

/** What a change puts in, beside bytes of chance. */
const PIECES = [
  '\r\n',
  '--line-between-parts',
  '--',
  '\r\n\r\n',
  '"',
  ';',
  '%2e%2e',
  '\u0000',
  ': ',
  'filename="',
  'Content-',
]

/** A generator of numbers below 1 that replays. Source: mulberry32. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function changed(text: string, random: () => number): Uint8Array {
  let bytes = Buffer.from(text)
  for (let changes = Math.floor(random() * 5); changes > 0; changes--) {
    const at = Math.floor(random() * (bytes.length + 1))
    const kind = random()
    const put = PIECES[Math.floor(random() * PIECES.length)] ?? ''
    if (kind < 0.3) bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(put), bytes.subarray(at)])
    else if (kind < 0.5) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + Math.floor(random() * 40))])
    else if (kind < 0.6) bytes = bytes.subarray(0, at)
    else if (at < bytes.length) bytes[at] = Math.floor(random() * 256)
  }
  return bytes
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** Reads all of `sources`, and counts them. */
async function readAll(sources: AsyncIterable<NamedSource> | Iterable<NamedSource>): Promise<number> {
  let count = 0
  for await (const { name, source } of sources) {
    count++
    expect(name === '..' || name === '.' || name.includes('/')).toBe(false)
    if (source.kind === 'directory') count += await readAll(source.entries())
    else if (source.kind === 'file') for await (const _ of source.content());
  }
  return count
}

test('a body of any bytes gives sources or an error of ours', { timeout: 3_600_000 }, async () => {
  const random = seeded(SEED)
  let whole = 0
  for (let body = 0; body < BODIES; body++) {
    const { headers, body: text } = SOUND[body % SOUND.length] ?? form([])
    const bytes = changed(text, random)
    const pieces = inPieces(bytes, 1 + Math.floor(random() * 200))
    try {
      if ((await readAll(readMultipart({ contentType: headers['Content-Type'], bytes: pieces }))) > 0) whole++
    } catch (error) {
      if (isCairnError(error, 'INVALID') || isCairnError(error, 'LIMIT')) continue
      throw new Error(`seed ${SEED}, body ${body}: ${Buffer.from(bytes).toString('hex')}`, { cause: error })
    }
  }
  // Some changes are none, and some break nothing.
  expect(whole).toBeGreaterThan(BODIES / 10)
  expect(whole).toBeLessThan(BODIES)
})

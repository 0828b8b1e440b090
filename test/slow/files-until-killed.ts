// Child process of files-kill.test.ts: changes mutable files and collects for as long as it lives, and prints what was
// acknowledged. Arguments: repo, seed.
import { writeSync } from 'node:fs'
import { argv } from 'node:process'
import { decodeUnixFS, fileSize, type Mfs } from '@cairn/core'
import { openNode, type Node } from '@cairn/node'
import { LOGS, recordOf, RECORD_BYTES } from './file-records.ts'
import { below, seededRandom, type Random } from './random.ts'

const [, , path = '', seed = '0'] = argv
const node = await openNode(path)
const files = await node.files()
// Straight to the pipe, where it is safe from the kill.
const say = (...words: readonly unknown[]): void => void writeSync(1, `${words.join(' ')}\n`)
const random = seededRandom(Number(seed))
await Promise.all([
  ...Array.from({ length: LOGS }, (_, log) => append(files, log)),
  carry(files),
  rewrite(files, random),
  collectAgain(node, random),
])

/** Adds record after record to a log of its own. */
async function append(mfs: Mfs, log: number): Promise<never> {
  const name = `/logs/${log}`
  await mfs.write(name, once(new Uint8Array(0)), { create: true, parents: true })
  const size = await sizeOf(mfs, name)
  for (let record = Math.ceil(size / RECORD_BYTES); ; record++) {
    await mfs.write(name, once(recordOf(log, record)), { offset: record * RECORD_BYTES })
    say('append', log, record)
  }
}

/** Moves one file to and fro: it is always in one of two places. */
async function carry(mfs: Mfs): Promise<never> {
  for (const folder of ['/left', '/right']) await mfs.mkdir(folder, { parents: true })
  const isRight = await mfs.find('/right/token').then(
    () => true,
    () => false,
  )
  if (!isRight) await mfs.write('/left/token', once(recordOf(0, 0)), { create: true })
  say('token')
  for (let from = isRight ? 'right' : 'left'; ;) {
    const to = from === 'left' ? 'right' : 'left'
    await mfs.move(`/${from}/token`, `/${to}/`)
    from = to
  }
}

/** Replaces a file by long writes, each of one repeated byte. */
async function rewrite(mfs: Mfs, chance: Random): Promise<never> {
  for (;;) {
    const bytes = new Uint8Array(below(chance, 12 * 1024 * 1024) + 1).fill(below(chance, 256))
    await mfs.write('/whole', once(bytes), { create: true, truncate: true })
    say('whole', bytes.length)
  }
}

async function collectAgain({ collect }: Node, chance: Random): Promise<never> {
  for (;;) {
    for await (const _ of collect.call(node));
    await new Promise((resolve) => setTimeout(resolve, below(chance, 50)))
  }
}

async function sizeOf(mfs: Mfs, name: string): Promise<number> {
  const { cid } = await mfs.find(name)
  return fileSize(decodeUnixFS(await mfs.reader.get(cid)))
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

// Benches of mutable files: small changes, each acknowledged only when it is durable, by many writers at once and by one.
import { join } from 'node:path'
import { appendFile, open } from 'node:fs/promises'
import { createRepo, openNode, type Node } from '@cairn/node'
import { randomPieces } from './random-bytes.ts'
import { say, sayPeak } from './report.ts'
import { inFolder } from './temp-folder.ts'

const MIB = 1024 * 1024
const WRITE_BYTES = 4096

/** Prints the rows about `appends` of 4 KiB to one file, and `writes` of 4 KiB into a file of `sizeMib` MiB. */
export async function benchMfs({ appends = 10_000, writes = 1000, sizeMib = 1024, writers = 64 } = {}): Promise<void> {
  await inFolder(async (folder) => {
    const path = join(folder, 'repo')
    await createRepo(path, 'test')
    await using node = await openNode(path)
    const files = await node.files()
    const blocks = [...randomPieces(16, WRITE_BYTES)]
    const block = (number: number) => blocks[number % blocks.length] ?? new Uint8Array(WRITE_BYTES)

    await rate(`append 4 KiB, ${writers} writers`, { count: appends, writers }, (number) =>
      files.write('/log', once(block(number)), { create: true, offset: number * WRITE_BYTES }),
    )
    const single = Math.ceil(appends / 20)
    await rate('append 4 KiB, one writer', { count: single, writers: 1 }, (number) =>
      files.write('/one', once(block(number)), { create: true, offset: number * WRITE_BYTES }),
    )
    await using reference = await open(join(folder, 'reference'), 'a')
    await rate('  append 4 KiB to a file, fsync', { count: single, writers: 1 }, async (number) => {
      await appendFile(reference, block(number))
      await reference.sync()
    })

    const started = performance.now()
    await files.write('/large', randomStream(sizeMib), { create: true })
    say(`write ${sizeMib} MiB as a stream`, `${((sizeMib * 1000) / (performance.now() - started)).toFixed(0)} MiB/s`)
    const places = (sizeMib * MIB) / WRITE_BYTES
    const into = (number: number) =>
      files.write('/large', once(block(number)), { offset: ((number * 2_654_435_761) % places) * WRITE_BYTES })
    await rate(`write 4 KiB into ${sizeMib} MiB, ${writers} writers`, { count: writes, writers }, into)
    // Other places than before: what changes nothing is not written.
    await rate('write 4 KiB, one writer', { count: Math.ceil(writes / 10), writers: 1 }, (number) =>
      into(number + writes),
    )
    await sayStored(node)
    sayPeak()
  })
}

async function rate(
  name: string,
  { count, writers }: { readonly count: number; readonly writers: number },
  work: (number: number) => Promise<unknown>,
): Promise<void> {
  const started = performance.now()
  let next = 0
  await Promise.all(
    Array.from({ length: writers }, async () => {
      while (next < count) await work(next++)
    }),
  )
  say(name, `${((count * 1000) / (performance.now() - started)).toFixed(0)}/s`)
}

async function sayStored(node: Node): Promise<void> {
  say('  on disk', `${Math.round((await node.store.diskBytes()) / MIB)} MiB`)
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function* randomStream(sizeMib: number): AsyncGenerator<Uint8Array> {
  yield* randomPieces(sizeMib, MIB)
}

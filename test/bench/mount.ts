// A mount beside the store below it: `npm run bench:mount -- [MIB]`, 1024 by default. Reads and writes of one large file from
// front to back by dd, in a process of its own, and reads of 4 KiB anywhere from the pages of the kernel. The reference runs
// right before, in the process that serves the mount. Needs Linux and root.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createRepo, openNode, type Node } from '@cairn/node'
import { importTree, PROFILES, readFile, storeBlocks } from '@cairn/core'
import { mountFuse, openFolder, Vfs } from '@cairn/mounts'
import { randomPieces } from './random-bytes.ts'
import { inFolder } from './temp-folder.ts'

const MIB = 1024 * 1024
const RUNS = 3
const run = promisify(execFile)

/** Reads for a second, after the pages are there. */
const RANDOM_READS = `
import os, random, sys, time
fd = os.open(sys.argv[1], os.O_RDONLY); size = os.fstat(fd).st_size
end = time.time() + 1; count = 0
while time.time() < end:
    os.pread(fd, 4096, random.randrange(size // 4096) * 4096); count += 1
print(count)
`

if (!existsSync('/dev/fuse') || process.getuid?.() !== 0) throw new Error('mounts need Linux with /dev/fuse, and root')
const sizeMib = Number(process.argv[2] ?? 1024)
await inFolder(async (folder) => {
  const [repo, dir, source] = [join(folder, 'repo'), join(folder, 'files'), join(folder, 'source')]
  await mkdir(dir)
  await createRepo(repo, 'test')
  await writeFile(
    source,
    (function* () {
      yield* randomPieces(sizeMib, MIB)
    })(),
  )
  await using node = await openNode(repo)
  const vfs = new Vfs({ mfs: await node.files() })
  const root = await openFolder(vfs, node.blocks, '/')
  const mount = await mountFuse(
    { vfs, root, room: () => Promise.resolve({ total: 2 ** 40, free: 2 ** 40 }) },
    { path: dir, isReadOnly: false, allowsOthers: false },
  )
  try {
    for (let round = 0; round < RUNS; round++) await measure(node, { dir, source, round })
  } finally {
    await mount[Symbol.asyncDispose]()
    await vfs.close()
  }
})

async function measure(
  node: Node,
  { dir, source, round }: { readonly dir: string; readonly source: string; readonly round: number },
): Promise<void> {
  const added = await rate(() => add(node, round))
  const wrote = await rate(() =>
    run('dd', [`if=${source}`, `of=${dir}/mfs/w${round}`, 'bs=1M', 'conv=fsync', 'status=none']),
  )
  const { cid, value: stored } = { cid: added.value, value: await rate(() => readAll(node, added.value)) }
  await dropPages()
  const frozen = await rate(() => run('dd', [`if=${dir}/ipfs/${cid}`, 'of=/dev/null', 'bs=1M', 'status=none']))
  await dropPages()
  const mutable = await rate(() => run('dd', [`if=${dir}/mfs/w${round}`, 'of=/dev/null', 'bs=1M', 'status=none']))
  const random = Number((await run('python3', ['-c', RANDOM_READS, `${dir}/mfs/w${round}`])).stdout)
  say('write from front to back, fsync', wrote, added)
  say('read /ipfs from front to back', frozen, stored)
  say('read /mfs from front to back', mutable, stored)
  console.log(`${'read 4 KiB anywhere, from pages'.padEnd(34)} ${random.toFixed(0).padStart(6)} a second`)
  console.log(`RSS ${(process.memoryUsage.rss() / MIB).toFixed(0)} MiB`)
}

/** The row of a rate, as a share of that of the store itself, which adds and pins nothing, or reads and verifies. */
function say(what: string, { mibPerSecond }: Rate, store: Rate): void {
  const share = (mibPerSecond / store.mibPerSecond).toFixed(2)
  console.log(
    `${what.padEnd(34)} ${mibPerSecond.toFixed(0).padStart(6)} MiB/s  ${share} of the store (${store.mibPerSecond.toFixed(0)} MiB/s)`,
  )
}

interface Rate {
  readonly mibPerSecond: number
}

/** As `cairn add` does: other bytes each round, since what is stored is not stored again. */
async function add(node: Node, round: number): Promise<Parameters<typeof readFile>[1]> {
  const content = async function* () {
    yield* randomPieces(sizeMib, MIB, round + 1)
  }
  let root: Parameters<typeof readFile>[1] | undefined
  for await (const event of storeBlocks(node.blocks)(
    importTree({ name: 'x', source: { kind: 'file', content } }, PROFILES['unixfs-v1-2025']),
  ))
    if (event.kind === 'entry') root = event.cid
  if (root === undefined) throw new Error('nothing was added')
  return root
}

async function readAll(node: Node, cid: Parameters<typeof readFile>[1]): Promise<void> {
  for await (const _ of readFile(node.blocks, cid));
}

async function rate<T>(work: () => Promise<T>): Promise<{ readonly mibPerSecond: number; readonly value: T }> {
  await sleep(500)
  const start = performance.now()
  const value = await work()
  return { mibPerSecond: sizeMib / ((performance.now() - start) / 1000), value }
}

async function dropPages(): Promise<void> {
  await run('sh', ['-c', 'sync; echo 3 > /proc/sys/vm/drop_caches'])
}

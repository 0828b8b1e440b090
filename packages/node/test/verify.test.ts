// Verifying a repo: what is damaged is told whatever else fails, and healing does not wait for what nobody has.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createBlock, RAW_CODE, type Block } from '@cairn/core'
import { expect, onTestFinished, test } from 'vitest'
import { openNode, type Node, type NodeOptions } from '../src/node.ts'
import { createRepo } from '../src/repo.ts'
import type { VerifyOptions } from '../src/verify.ts'
import { tempFolder } from './temp-folder.ts'

const LOOPBACK = { online: { listen: ['/ip4/127.0.0.1/tcp/0'] } }

/** Random ones: their bytes are found in the files as they are. */
const newBlocks = (count: number, bytes = 100_000): Block[] =>
  Array.from({ length: count }, () => createBlock(randomBytes(bytes), { codec: RAW_CODE }))

/** A repo with `blocks`, all of them in tables. */
async function repoWith(blocks: readonly Block[], folder?: string): Promise<string> {
  const path = join(folder ?? (await tempFolder()), 'repo')
  await createRepo(path, 'test')
  for (const isFirst of [true, false]) {
    const node = await openNode(path)
    if (isFirst) await node.store.putMany(blocks)
    await node.close()
  }
  return path
}

/** Flips a bit in the middle of each of `blocks`. */
async function damage(path: string, blocks: readonly Block[]): Promise<void> {
  let flipped = 0
  for (const name of (await readdir(join(path, 'blocks'))).filter((file) => file.endsWith('.ldb'))) {
    const file = join(path, 'blocks', name)
    const table = await readFile(file)
    for (const { bytes } of blocks) {
      const at = table.indexOf(bytes.subarray(50_000, 50_032))
      if (at === -1) continue
      table[at] = (table[at] ?? 0) ^ 1
      flipped++
    }
    await writeFile(file, table)
  }
  expect(flipped).toBe(blocks.length)
}

async function nodeOn(path: string, options: NodeOptions = {}): Promise<Node> {
  const node = await openNode(path, options)
  onTestFinished(() => node.close())
  return node
}

async function outcomes(node: Node, options: VerifyOptions = {}) {
  const events = await Array.fromAsync(node.verify(options))
  const cidsOf = (kind: 'bad' | 'healed') =>
    events.flatMap((event) => (event.kind === kind ? [String(event.cid)] : [])).toSorted()
  return { bad: cidsOf('bad'), healed: cidsOf('healed'), isResumed: events.some(({ kind }) => kind === 'resumed') }
}

const namesOf = (blocks: readonly Block[]) => blocks.map(({ cid }) => String(cid)).toSorted()

test('on a full disk every damaged block is told, once, and nothing else', async ({ skip }) => {
  const folder = await tempFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return skip('mounting a small file system is not allowed here')
  }
  onTestFinished(() => void execFileSync('umount', ['--lazy', folder]))
  const blocks = newBlocks(50)
  const path = await repoWith(blocks, folder)
  await damage(path, blocks.slice(10, 13))
  const node = await nodeOn(path)
  await writeFile(join(folder, 'ballast'), new Uint8Array(64 << 20)).catch(() => undefined)
  const expected = { bad: namesOf(blocks.slice(10, 13)), healed: [], isResumed: false }
  expect(await outcomes(node)).toEqual(expected)
  expect(await outcomes(node, { restart: true })).toEqual(expected)
  await rm(join(folder, 'ballast'))
  expect(await outcomes(node, { restart: true })).toEqual(expected)
})

test('an index that is made anew may have forgotten what was found, so a verification begins anew', async () => {
  const blocks = newBlocks(50)
  const path = await repoWith(blocks)
  await damage(path, blocks.slice(0, 1))
  const [stop, enough] = [new AbortController(), new Error('enough')]
  const first = await openNode(path)
  const stopped = async () => {
    for await (const event of first.verify({ signal: stop.signal, bytesPerSecond: 1e6 }))
      if (event.kind === 'damaged') stop.abort(enough)
  }
  await expect(stopped()).rejects.toBe(enough)
  await first.close()
  await rm(join(path, 'index'), { recursive: true })
  expect(await outcomes(await nodeOn(path))).toEqual({ bad: namesOf(blocks.slice(0, 1)), healed: [], isResumed: false })
})

test('what peers say that they lack costs a round trip, and what one has is healed', async () => {
  const blocks = newBlocks(160)
  const [path, peerPath] = [await repoWith(blocks), await repoWith(blocks.slice(100))]
  await damage(path, blocks)
  const [node, peer] = [await nodeOn(path, LOOPBACK), await nodeOn(peerPath, LOOPBACK)]
  await node.swarm?.host.connect(peer.swarm?.host.addresses()[0] ?? '')
  const startedMs = performance.now()
  const { bad, healed } = await outcomes(node, { heal: true })
  expect(bad).toEqual(namesOf(blocks.slice(0, 100)))
  expect(healed).toEqual(namesOf(blocks.slice(100)))
  // Each group that holds one of them waited for 20 s before.
  expect(performance.now() - startedMs).toBeLessThan(15_000)
})

// One flipped bit in some cold blocks of a repo: each of them is found by a read, and by a scrub of a copy, and no other
// one; a peer that has them gives them back.
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBlock, isCairnError, RAW_CODE, type Block } from '@cairn/core'
import { createRepo, openNode, type Node } from '@cairn/node'
import { afterEach, expect, test } from 'vitest'
import { ROUNDS } from './rounds.ts'
import { below, seededRandom, type Random } from './random.ts'

/** Blocks in the repo, and bytes in each of them. */
const BLOCKS = Math.max(...ROUNDS.flips) * 2
const BLOCK_BYTES = 4000

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

test.each(ROUNDS.flips)('one flipped bit in each of %i cold blocks', { timeout: 600_000 }, async (count) => {
  const { seed } = ROUNDS
  console.log(`seed ${seed}`)
  const random = seededRandom(seed + count)
  const folder = await mkdtemp(join(tmpdir(), 'cairn-rot-'))
  folders.push(folder)
  const [peerPath, path] = [join(folder, 'peer'), join(folder, 'repo')]
  await createRepo(peerPath, 'test')
  await createRepo(path, 'test')
  const blocks = Array.from({ length: BLOCKS }, () => randomBlock(random))
  await using peer = await openNode(peerPath, { online: {} })
  await peer.store.putMany(blocks)
  await fill(path, blocks)
  const rotten = pickSome(random, blocks, count)
  await flipBits(join(path, 'blocks'), rotten, random)
  const names = rotten.map(({ cid }) => cid.toString()).toSorted()

  const read = join(folder, 'read')
  await cp(path, read, { recursive: true })
  expect(await unreadable(read, blocks)).toEqual(names)

  await using node = await openNode(path, { online: { listen: [] } })
  expect(await found(node, {})).toEqual({ damaged: names, bad: names, healed: [] })
  await node.swarm?.host.connect(peer.swarm?.host.addresses()[0] ?? '')
  expect(await found(node, { heal: true })).toEqual({ damaged: [], bad: [], healed: names })
  expect(await node.store.getMany(blocks.map(({ cid }) => cid))).toEqual(blocks)
})

function randomBlock(random: Random): Block {
  const bytes = Uint8Array.from({ length: BLOCK_BYTES }, () => below(random, 256))
  return createBlock(bytes, { codec: RAW_CODE })
}

/** Stores blocks in a repo so that all of them are in tables, as what is cold is. */
async function fill(path: string, blocks: readonly Block[]): Promise<void> {
  {
    await using node = await openNode(path)
    await node.store.putMany(blocks)
  }
  await (await openNode(path)).close()
}

function pickSome(random: Random, blocks: readonly Block[], count: number): Block[] {
  const left = [...blocks]
  return Array.from({ length: count }, () => left.splice(below(random, left.length), 1)).flat()
}

async function flipBits(path: string, blocks: readonly Block[], random: Random): Promise<void> {
  let flipped = 0
  for (const name of (await readdir(path)).filter((file) => file.endsWith('.ldb'))) {
    const content = await readFile(join(path, name))
    for (const { bytes } of blocks) {
      const start = content.indexOf(bytes)
      if (start === -1) continue
      const at = start + below(random, bytes.length)
      content[at] = (content[at] ?? 0) ^ (1 << below(random, 8))
      flipped++
    }
    await writeFile(join(path, name), content)
  }
  expect(flipped).toBe(blocks.length)
}

async function unreadable(path: string, blocks: readonly Block[]): Promise<string[]> {
  await using node = await openNode(path)
  const names: string[] = []
  for (const { cid, bytes } of blocks) {
    try {
      expect((await node.blocks.get(cid)).bytes).toEqual(bytes)
    } catch (error) {
      if (!isCairnError(error, 'CORRUPT')) throw error
      names.push(cid.toString())
    }
  }
  return names.toSorted()
}

async function found(node: Node, options: { readonly heal?: boolean }) {
  const events = await Array.fromAsync(node.verify(options))
  const named = (kind: string) =>
    events.flatMap((event) => (event.kind === kind && 'cid' in event ? [event.cid.toString()] : [])).toSorted()
  return { damaged: named('damaged'), bad: named('bad'), healed: named('healed') }
}

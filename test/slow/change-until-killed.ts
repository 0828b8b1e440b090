// Child process of kill.test.ts: adds, unpins, moves pins and collects for as long as it lives, and prints what it is about
// to do and what was acknowledged. Arguments: repo, seed.
import { writeSync } from 'node:fs'
import { argv } from 'node:process'
import { PROFILES } from '@cairn/core'
import { openNode, type Node } from '@cairn/node'
import type { CID } from 'multiformats/cid'
import { randomTree } from './random-tree.ts'
import { below, seededRandom, type Random } from './random.ts'

/** Pins from which on more are removed than added. */
const PINS = 12
const SETTINGS = { ...PROFILES['unixfs-v1-2025'], chunker: 'size-65536' }

const [, , path = '', seed = '0'] = argv
const node = await openNode(path)
const free: CID[] = []
for await (const { cid } of node.pins.list()) free.push(cid)
// Straight to the pipe, where it is safe from the kill.
const say = (...words: readonly unknown[]): void => void writeSync(1, `${words.join(' ')}\n`)
await Promise.all([
  change(node, seededRandom(Number(seed))),
  change(node, seededRandom(Number(seed) + 1)),
  collectAgain(node, seededRandom(Number(seed) + 2)),
])

async function change({ pins }: Node, random: Random): Promise<never> {
  for (;;) {
    const root = free.length > 0 ? free.splice(below(random, free.length), 1)[0] : undefined
    if (root !== undefined && random() < free.length / (2 * PINS)) {
      say('unpin?', root)
      await pins.remove(root)
      say('unpin', root)
    } else if (root !== undefined && random() < 0.3) {
      // As a file system moves its root: the new one is kept by its hold until the pin has moved.
      const hold = node.store.hold()
      const next = await add(random, false)
      say('move?', root, next)
      await pins.update(root, next)
      say('move', root, next)
      hold.release()
      free.push(next)
    } else {
      if (root !== undefined) free.push(root)
      const added = await add(random, true)
      say('add', added)
      free.push(added)
    }
  }
}

async function add(random: Random, pin: boolean): Promise<CID> {
  let root: CID | undefined
  for await (const event of node.add(randomTree(random), { settings: SETTINGS, pin }))
    if (event.kind === 'entry') root = event.cid
  if (root === undefined) throw new Error('no root')
  return root
}

async function collectAgain({ collect }: Node, random: Random): Promise<never> {
  for (;;) {
    let steps = random() < 0.5 ? Infinity : below(random, 20)
    for await (const _ of collect.call(node)) if (steps-- <= 0) break
    await new Promise((resolve) => setTimeout(resolve, below(random, 50)))
  }
}

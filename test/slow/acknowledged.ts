// What must hold of a repo after `change-until-killed.ts` was stopped on it, by what that has said.
import { blockKey, walk } from '@cairn/core'
import type { Node } from '@cairn/node'
import { CID } from 'multiformats/cid'
import { expect } from 'vitest'

/** What must hold of the pins. */
export interface Expected {
  readonly kept: Set<string>
  readonly gone: Set<string>
  /** Moves of a pin, by the old root, that may have happened or not, but not by half. */
  readonly moves: Map<string, string>
}

/** What follows from the lines that were said, when `before` was pinned. */
export function expectedOf(before: ReadonlySet<string>, said: readonly (readonly string[])[]): Expected {
  const expected: Expected = { kept: new Set(before), gone: new Set(), moves: new Map() }
  for (const [what, root = '', to = ''] of said) {
    if (what === 'add') expected.kept.add(root)
    if (what === 'unpin?' || what === 'move?') expected.kept.delete(root)
    if (what === 'move?') expected.moves.set(root, to)
    if (what === 'unpin' || what === 'move') expected.gone.add(root)
    if (what === 'move' && expected.moves.delete(root)) expected.kept.add(to)
  }
  return expected
}

/** The pins that there are, after each of them was read whole. */
export async function checkPins(node: Node, { kept, gone, moves }: Expected): Promise<Set<string>> {
  const pinned = new Set<string>()
  for await (const { cid } of node.pins.list()) pinned.add(`${cid}`)
  expect([...kept].filter((root) => !pinned.has(root))).toEqual([])
  expect([...gone].filter((root) => pinned.has(root))).toEqual([])
  for (const [from, to] of moves) expect(pinned.has(from), `${from} or ${to}`).toBe(!pinned.has(to))
  await reachable(node, pinned)
  return pinned
}

/** After a collection exactly what the pins reach is there. */
export async function checkCollected(node: Node, pinned: ReadonlySet<string>): Promise<void> {
  for await (const _ of node.collect());
  const live = await reachable(node, pinned)
  const stored: string[] = []
  for await (const { cid } of node.store.list()) stored.push(blockKey(cid))
  expect(stored.filter((key) => !live.has(key))).toEqual([])
  expect(await node.store.stat()).toMatchObject({ blocks: live.size })
}

/** Keys of the blocks below all of `roots`, each read and so proven. @throws when one is missing or damaged */
async function reachable(node: Node, roots: Iterable<string>): Promise<Set<string>> {
  const keys = new Set<string>()
  for (const root of roots) for await (const { cid } of walk(node.local, CID.parse(root))) keys.add(blockKey(cid))
  return keys
}

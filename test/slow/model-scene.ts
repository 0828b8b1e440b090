// What the random actions of model.test.ts work on, and what they choose from.
import { blockKey, isCairnError, type Block, type ErrorCode } from '@cairn/core'
import type { Node } from '@cairn/node'
import { expect } from 'vitest'
import type { Known, Model } from './model.ts'
import type { Group } from './model-group.ts'
import { below, type Random } from './random.ts'

/** What actions work on. */
export interface Scene {
  readonly node: Node
  readonly model: Model
  readonly random: Random
}

/** Runs `task`, after which all of `keys` are stored and claimed. */
export async function acknowledged(group: Group, keys: ReadonlySet<string>, task: () => Promise<void>): Promise<void> {
  const begun = group.tick()
  await task()
  group.acknowledge(keys, begun)
}

export function expectFound(group: Group, known: readonly Known[], found: readonly boolean[]): void {
  for (const [index, { block }] of known.entries()) {
    const expected = group.has(blockKey(block.cid))
    if (expected !== undefined) expect(found[index], `${block.cid}`).toBe(expected)
  }
}

/** The code that `action` fails with, `undefined` when it does not. @throws what is no CairnError */
export async function codeOf(action: () => Promise<unknown>): Promise<ErrorCode | undefined> {
  try {
    await action()
    return undefined
  } catch (error) {
    if (!isCairnError(error)) throw error
    return error.code
  }
}

export function keysOf(blocks: readonly Block[]): Set<string> {
  return new Set(blocks.map(({ cid }) => blockKey(cid)))
}

/** A block that is stored, mostly, or was. */
export function anyKnown({ model, random }: Pick<Scene, 'model' | 'random'>): Known | undefined {
  const all = [...model.blocks.values()]
  const stored = all.filter(({ isStored }) => isStored)
  return pick(random() < 0.85 && stored.length > 0 ? stored : all, random)
}

export function someKnown(scene: Scene, max: number): Known[] {
  return Array.from({ length: 1 + below(scene.random, max) }, () => anyKnown(scene)).filter(
    (known) => known !== undefined,
  )
}

/** One of `values`, `undefined` when there is none. */
export function pick<Value>(values: readonly Value[], random: Random): Value | undefined {
  return values[below(random, values.length)]
}

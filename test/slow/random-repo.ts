// A repo that random things happen to, beside its model. What it finds wrong it says or asserts.
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { blockKey, IDENTITY_CODE, walk } from '@cairn/core'
import { createRepo, openNode, type Node } from '@cairn/node'
import { expect } from 'vitest'
import { addTrees, claim, put, putAgain, read } from './model-blocks.ts'
import { pin, unpin, update } from './model-pins.ts'
import type { Scene } from './model-scene.ts'
import { Group, type Action } from './model-group.ts'
import { collect, hold, listBelow, remove, tend, verify } from './model-upkeep.ts'
import { Model } from './model.ts'
import { below, type Random } from './random.ts'

/** Turns of the event loop by which an action of a group may begin late, and steps of the collection beside it. */
const DELAY_TURNS = 12
const DELAY_STEPS = 8

type Maker = (scene: Scene) => Action | undefined | Promise<Action | undefined>

/** A repo that random things happen to. */
export class RandomRepo {
  readonly model = new Model()
  node: Node
  readonly #folder: string
  readonly #random: Random
  readonly #makers: readonly (readonly [weight: number, maker: Maker])[]
  #copies = 0

  private constructor(folder: string, node: Node, random: Random) {
    this.#folder = folder
    this.node = node
    this.#random = random
    this.#makers = [
      [14, put],
      [5, putAgain],
      [6, addTrees()],
      [8, claim],
      [16, read],
      [14, pin],
      [8, unpin],
      [10, update],
      [8, collect],
      [4, remove],
      [4, hold],
      [2, tend],
      [1, verify],
      [2, listBelow],
      [0.7, () => this.#reopening()],
      [0.7, () => this.#kill()],
    ]
  }

  static async open(folder: string, random: Random): Promise<RandomRepo> {
    const path = join(folder, '0')
    await createRepo(path, 'test')
    return new RandomRepo(folder, await openNode(path), random)
  }

  /** One action, or a few that can run at once: one collection at most, and no two that change the same pin. */
  async choose(): Promise<Group> {
    this.model.time++
    const size = this.#random() < 0.5 ? 1 : 2 + below(this.#random, 2)
    const actions: Action[] = []
    while (actions.length === 0 || (actions.length < size && actions[0]?.isAlone !== true)) {
      const action = await this.#maker()({ node: this.node, model: this.model, random: this.#random })
      if (action === undefined) continue
      const pins = new Set(actions.flatMap((other) => other.pins ?? []))
      const isApart =
        (action.isAlone !== true || actions.length === 0) &&
        action.pins?.some((text) => pins.has(text)) !== true &&
        !(action.isCollection === true && actions.some(({ isCollection }) => isCollection === true))
      if (isApart) actions.push(action)
      else if (actions.length > 0) break
    }
    return new Group(this.model, actions)
  }

  /** Runs a group, looks at everything that is stored after it, and says what is wrong with it. */
  async run(group: Group): Promise<string[]> {
    const starts = group.actions.map((action, index) => ({
      steps: action.isCollection === true || this.#random() < 0.3 ? 0 : below(this.#random, DELAY_STEPS),
      turns: index === 0 ? 0 : below(this.#random, DELAY_TURNS),
    }))
    const results = await Promise.allSettled(
      group.actions.map(async (action, index) => {
        const { steps, turns } = starts[index] ?? { steps: 0, turns: 0 }
        await group.collectionSteps(steps)
        for (let turn = 0; turn < turns; turn++) await nextTurn()
        await action.run(group)
      }),
    )
    for (const result of results) if (result.status === 'rejected') throw result.reason
    return this.model.settle(group, await storedKeys(this.node))
  }

  /** Compares the pins, reads all that they keep, and counts it. */
  checkPins(): Promise<void> {
    return checkPins(this.node, this.model)
  }

  #maker(): Maker {
    let at = this.#random() * this.#makers.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, maker] of this.#makers) if ((at -= weight) < 0) return maker
    return read
  }

  #reopening(): Action {
    return {
      label: 'reopen',
      isAlone: true,
      run: async () => {
        await this.node.close()
        await this.#open()
      },
    }
  }

  /** What is on disk while nothing runs is what a kill would leave. */
  #kill(): Action {
    return {
      label: 'kill',
      isAlone: true,
      run: async () => {
        const path = this.#path
        this.#copies++
        await cp(path, this.#path, { recursive: true })
        await this.node.close()
        await rm(path, { recursive: true })
        await this.#open()
      },
    }
  }

  /** Holds end with the process. */
  async #open(): Promise<void> {
    this.node = await openNode(this.#path)
    this.model.holds.length = 0
  }

  get #path(): string {
    return join(this.#folder, `${this.#copies}`)
  }
}

/** Keys of all blocks; the totals are those of the listing. */
async function storedKeys(node: Node): Promise<Set<string>> {
  const stored = await Array.fromAsync(node.store.list())
  const keys = new Set(stored.map(({ cid }) => blockKey(cid)))
  expect(stored).toHaveLength(keys.size)
  expect(await node.store.stat()).toEqual({ blocks: keys.size, bytes: stored.reduce((sum, { size }) => sum + size, 0) })
  return keys
}

async function checkPins(node: Node, model: Model): Promise<void> {
  const pins = await Array.fromAsync(node.pins.list())
  const texts = pins.map(({ cid, type, names }) => `${cid} ${type} ${names.join()}`)
  const expected = [...model.pins.values()].map(
    ({ cid, type, names }) => `${cid} ${type} ${[...names].toSorted().join()}`,
  )
  expect(texts.toSorted()).toEqual(expected.toSorted())
  const live = model.live()
  const found = new Set<string>()
  for (const { cid, type } of pins) {
    if (type === 'direct') found.add(blockKey((await node.local.get(cid)).cid))
    else
      for await (const { cid: reached } of walk(node.local, cid))
        if (reached.multihash.code !== IDENTITY_CODE) found.add(blockKey(reached))
  }
  expect(found).toEqual(live)
  const counts = await Array.fromAsync(node.measureLive())
  expect(counts.at(-1)).toMatchObject({ blocks: live.size })
}

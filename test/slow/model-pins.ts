// Random actions on pins, for model.test.ts. Each is chosen whole before it runs, so that a seed chooses the same ones again.
import { RAW_CODE, type ErrorCode } from '@cairn/core'
import { CID } from 'multiformats/cid'
import { expect } from 'vitest'
import { pinText } from './model.ts'
import type { Action, Group } from './model-group.ts'
import { acknowledged, anyKnown, codeOf, keysOf, pick, someKnown, type Scene } from './model-scene.ts'
import { randomNode } from './random-node.ts'

const NAMES = ['', 'a', 'b'] as const
/** Pins from which on more are removed than added. */
const PINS = 12

/** Adds a pin, also of what is not whole. */
export function pin(scene: Scene): Action | undefined {
  const { node, model, random } = scene
  if (model.pins.size >= PINS && random() < 0.8) return undefined
  const known = anyKnown(scene)
  if (known === undefined) return undefined
  const { cid: own } = known.block
  const cid = random() < 0.1 ? CID.createV1(RAW_CODE, own.multihash) : own
  const [type, name] = [random() < 0.75 ? ('recursive' as const) : ('direct' as const), pick(NAMES, random) ?? '']
  const needed = model.reach([{ cid, type }])
  return {
    label: `pin ${cid} ${type} "${name}"`,
    touches: needed,
    pins: [pinText(cid)],
    async run(group) {
      const begun = group.tick()
      const isContradiction = type === 'direct' && model.pins.get(pinText(cid))?.type === 'recursive'
      const code = await codeOf(() => node.pins.add(cid, { type, name }))
      if (isContradiction) {
        expect(code).toBe('CONFLICT')
        return
      }
      expectWhole(group, needed, code)
      if (code !== undefined) return
      model.addPin(cid, type, [name])
      group.acknowledge(needed, begun)
    },
  }
}

/** Removes a pin or one of its names, and sometimes one that there is not. */
export function unpin(scene: Scene): Action | undefined {
  const { node, model, random } = scene
  const present = random() < 0.9 ? pick([...model.pins.values()], random) : undefined
  const cid = present?.cid ?? anyKnown(scene)?.block.cid
  if (cid === undefined) return undefined
  const name = random() < 0.3 ? pick(NAMES, random) : undefined
  return {
    label: `unpin ${cid} ${name === undefined ? 'whole' : `"${name}"`}`,
    pins: [pinText(cid)],
    async run() {
      const before = model.pins.get(pinText(cid))
      // From now on a collection may take it.
      const isThere = before !== undefined && (name === undefined || before.names.has(name))
      const code = await codeOf(() => node.pins.remove(cid, name === undefined ? {} : { name }))
      expect(code).toBe(isThere ? undefined : 'NOT_FOUND')
      if (!isThere) return
      const names = new Set([...before.names].filter((other) => name !== undefined && other !== name))
      if (names.size === 0) model.pins.delete(pinText(cid))
      else model.pins.set(pinText(cid), { ...before, names })
    },
  }
}

/** Moves a pin from one root to another, often one that links what the first one does. */
export function update(scene: Scene): Action | undefined {
  const { node, model, random } = scene
  const from = pick([...model.pins.values()], random)
  if (from === undefined) return undefined
  const isGrowth = random() < 0.7
  const grown = isGrowth
    ? randomNode(random, [from.cid, ...someKnown(scene, 3).map(({ block }) => block.cid)])
    : undefined
  if (grown !== undefined) model.meet([grown])
  const to = grown?.cid ?? anyKnown(scene)?.block.cid ?? from.cid
  const takesOff = random() < 0.8
  const needed = model.reach([{ cid: to, type: 'recursive' }])
  const puts = keysOf(grown === undefined ? [] : [grown])
  return {
    label: `move pin ${from.cid} to ${to}${takesOff ? '' : ' and keep it'}`,
    puts,
    // To compare, it reads and claims what stands in the same place in the old one.
    touches: new Set([...needed, ...model.reach([from])]),
    pins: [pinText(from.cid), pinText(to)],
    async run(group) {
      const begun = group.tick()
      const hold = node.store.hold()
      try {
        if (grown !== undefined) await acknowledged(group, puts, () => node.blocks.putMany([grown]))
        const code = await codeOf(() => node.pins.update(from.cid, to, { unpin: takesOff }))
        if (from.type !== 'recursive') {
          expect(code).toBe('NOT_FOUND')
          return
        }
        if (pinText(from.cid) === pinText(to)) {
          expect(code).toBeUndefined()
          return
        }
        expectWhole(group, new Set([...needed].filter((key) => !puts.has(key))), code)
        if (code !== undefined) return
        if (takesOff) model.pins.delete(pinText(from.cid))
        model.addPin(to, 'recursive', from.names)
        // What both have in the same place is not claimed.
        group.acknowledge(puts, begun)
      } finally {
        hold.release()
      }
    },
  }
}

/** Passes when a pin of all `needed` may end with `code`. */
function expectWhole(group: Group, needed: ReadonlySet<string>, code: ErrorCode | undefined): void {
  const isWhole = group.hasAll(needed)
  if (isWhole === undefined) expect(['NOT_FOUND', undefined]).toContain(code)
  else expect(code).toBe(isWhole ? undefined : 'NOT_FOUND')
}

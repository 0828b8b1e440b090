// The random actions of model.test.ts that look after a repo: collections, checks, holds, and what only one may do at a time.
import { blockKey, isCairnError, verifyPins, type BlockStore } from '@cairn/core'
import type { LevelBlockStore } from '@cairn/blockstore'
import { expect } from 'vitest'
import { someKnown, type Scene } from './model-scene.ts'
import { pinText } from './model.ts'
import type { Action } from './model-group.ts'
import { below } from './random.ts'

/** A collection: whole, stopped on its way, or down to some size. */
export function collect({ node, random }: Scene): Action {
  const end = random()
  const steps = end < 0.25 ? below(random, 12) : Infinity
  const [isAborted, part] = [random() < 0.5, end < 0.4 ? random() : undefined]
  return {
    label: `collect ${steps < Infinity ? `${steps} steps` : end < 0.4 ? 'some' : 'all'}`,
    isCollection: true,
    async run(group) {
      const stop = new AbortController()
      let isComplete = false
      let left = steps
      try {
        const size = end < 0.25 || part === undefined ? undefined : Math.floor(part * (await node.store.diskBytes()))
        for await (const _ of node.collect({ signal: stop.signal, downToBytes: size })) {
          group.collectionStep()
          if (left-- > 0) continue
          if (!isAborted) return
          stop.abort(STOPPED)
        }
        isComplete = size === undefined && !stop.signal.aborted
      } catch (error) {
        // It does not go on beside another index than the one that it has marked in.
        if (error !== STOPPED && !(isCairnError(error, 'UNAVAILABLE') && group.isShared)) throw error
      } finally {
        group.collectionEnd(isComplete)
      }
    },
  }
}

const STOPPED = new Error('the collection was stopped')

/** Deletes blocks that no pin keeps. */
export function remove(scene: Scene): Action {
  const live = scene.model.live()
  const doomed = someKnown(scene, 5).filter(({ block }) => !live.has(blockKey(block.cid)))
  const keys = new Set(doomed.map(({ block }) => blockKey(block.cid)))
  return {
    label: `delete ${doomed.length}`,
    isAlone: true,
    async run(group) {
      const stored = [...keys].filter((key) => group.has(key) === true).length
      expect(await scene.node.store.deleteMany(doomed.map(({ block }) => block.cid))).toBe(stored)
      group.remove(keys)
    },
  }
}

/** Opens a hold, or releases one. */
export function hold({ node, model, random }: Scene): Action {
  const isOpening = model.holds.length === 0 || (model.holds.length < 3 && random() < 0.4)
  const index = below(random, Math.max(model.holds.length, 1))
  return {
    label: isOpening ? 'hold' : `release ${index}`,
    isAlone: true,
    async run() {
      if (isOpening) model.holds.push({ hold: node.store.hold(), since: model.time })
      else model.holds.splice(index, 1)[0]?.hold.release()
    },
  }
}

/** One of the store's own checks and repairs, which find nothing to do here. */
export function tend({ node: { store }, random }: Scene): Action | undefined {
  if (!looksAfterItself(store)) return undefined
  const kind = (['scrub', 'rebuild', 'compact'] as const)[below(random, 3)]
  return {
    label: `${kind}`,
    async run() {
      if (kind === 'rebuild') await store.rebuildIndex()
      else if (kind === 'compact') for await (const _ of store.compact());
      else for await (const step of store.scrub()) expect(step).toMatchObject({ damaged: [], mended: [] })
      expect(await Array.fromAsync(store.damaged())).toEqual([])
    },
  }
}

/** Reads all that is pinned. */
export function verify({ node }: Scene): Action {
  return {
    label: 'verify pins',
    async run(group) {
      for await (const event of verifyPins(node)) {
        if (event.kind === 'bad' && !group.busyPins.has(pinText(event.pin.cid)))
          expect.fail(`${event.pin.cid} lacks ${event.cid}: ${event.error.message}`)
      }
    },
  }
}

/** Lists what is below pins. */
export function listBelow({ node, model }: Scene): Action {
  return {
    label: 'list below pins',
    async run(group) {
      const found = new Set<string>()
      try {
        for await (const cid of node.pins.listIndirect()) found.add(blockKey(cid))
      } catch (error) {
        // A pin that goes and comes back meanwhile may be caught between.
        if (!isCairnError(error, 'NOT_FOUND') || group.busyPins.size === 0) throw error
      }
      if (group.isShared) return
      const live = model.live()
      expect([...found].filter((key) => !live.has(key) && model.blocks.has(key))).toEqual([])
      const direct = new Set([...model.pins.values()].map(({ cid }) => blockKey(cid)))
      expect([...live].filter((key) => !found.has(key) && !direct.has(key))).toEqual([])
    },
  }
}

function looksAfterItself(store: BlockStore): store is LevelBlockStore {
  return 'scrub' in store && 'rebuildIndex' in store && 'compact' in store
}

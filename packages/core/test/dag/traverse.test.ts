import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BLOCK_BYTES_MAX, DAG_DEPTH_MAX, READ_AHEAD_BLOCKS, READ_AHEAD_BYTES } from '../../src/limits.ts'
import { traverse, type Step } from '../../src/index.ts'
import { all } from '../support/bytes.ts'
import { expectCode } from '../support/expect-code.ts'

/** A tree to traverse. `bytes` is what each step holds from its start until it is consumed. */
interface Tree {
  readonly name: string
  readonly bytes?: number
  readonly ticks?: number
  readonly fails?: boolean
  readonly children?: Iterable<Tree>
}

/** Counts what runs and what is held, with steps that really wait. */
class Meter {
  running = 0
  begun = 0
  steps = 0
  bytes = 0
  mostSteps = 0
  mostBytes = 0

  consumed({ bytes = 0 }: Tree): void {
    this.steps--
    this.bytes -= bytes
  }

  *stepsOf(trees: Iterable<Tree>): Generator<Step<Tree>> {
    for (const tree of trees) yield { bytes: tree.bytes, run: ({ signal }) => this.#run(tree, signal) }
  }

  async #run(tree: Tree, signal: AbortSignal | undefined) {
    const { bytes = 0, ticks = 1, fails = false, children = [] } = tree
    this.begun++
    this.running++
    this.steps++
    this.bytes += bytes
    this.mostSteps = Math.max(this.mostSteps, this.steps)
    this.mostBytes = Math.max(this.mostBytes, this.bytes)
    try {
      for (let tick = 0; tick < ticks; tick++) {
        await new Promise((resolve) => setImmediate(resolve))
        signal?.throwIfAborted()
      }
      if (fails) throw new RangeError(tree.name)
      return { value: tree, bytes, next: this.stepsOf(children) }
    } finally {
      this.running--
    }
  }
}

const namesOf = (trees: readonly Tree[]) => trees.map(({ name }) => name)

function recursed(tree: Tree): string[] {
  return [tree.name, ...[...(tree.children ?? [])].flatMap(recursed)]
}

const anyStep = {
  name: fc.string(),
  bytes: fc.oneof(fc.nat(BLOCK_BYTES_MAX), fc.nat(100)),
  ticks: fc.nat(3),
}

const { tree: anyTree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, depthIdentifier: 'tree' },
    fc.record(anyStep),
    fc.record({ ...anyStep, children: fc.array(tie('tree'), { maxLength: 5 }) }),
  ),
}))

describe('traverse', () => {
  test('gives the order of the plain recursion, whichever step ends first', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyTree, { maxLength: 4 }), async (trees) => {
        const meter = new Meter()
        expect(namesOf(await all(traverse(meter.stepsOf(trees))))).toEqual(trees.flatMap(recursed))
        expect(meter.running).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  test('bounds the steps in flight', async () => {
    const meter = new Meter()
    const trees = Array.from({ length: 3000 }, (_, index) => ({ name: `${index}`, bytes: 1, ticks: 0 }))
    for await (const tree of traverse(meter.stepsOf(trees))) meter.consumed(tree)
    // One more than the window is in the consumer's hands.
    expect(meter.mostSteps).toBe(READ_AHEAD_BLOCKS + 1)
    expect(meter.begun).toBe(3000)
  })

  test('bounds the bytes in flight, where their sizes are known', async () => {
    const size = fc.oneof(fc.nat(BLOCK_BYTES_MAX), fc.nat(1000), fc.constant(BLOCK_BYTES_MAX))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(size, { maxLength: 60 }), { maxLength: 6 }), async (groups) => {
        const meter = new Meter()
        const trees = groups.map((sizes) => ({
          name: '',
          bytes: 10,
          children: sizes.map((bytes) => ({ name: '', bytes })),
        }))
        for await (const tree of traverse(meter.stepsOf(trees))) meter.consumed(tree)
        expect(meter.mostBytes).toBeLessThanOrEqual(READ_AHEAD_BYTES + 2 * BLOCK_BYTES_MAX)
      }),
      { numRuns: 30 },
    )
  })

  test('drops what is larger than it was said to be and has no room, and gives each value once', async () => {
    const count = 4 * READ_AHEAD_BLOCKS
    let runs = 0
    function* liars(): Generator<Step<number>> {
      for (let index = 0; index < count; index++) {
        const run = async () => {
          runs++
          // The first of a window comes last, so that the others have to be held.
          for (let tick = index % 400 === 0 ? 20 : 1; tick > 0; tick--)
            await new Promise((resolve) => setImmediate(resolve))
          return { value: index, bytes: BLOCK_BYTES_MAX, next: [] }
        }
        yield { bytes: 1, run }
      }
    }
    const met = await all(traverse(liars()))
    expect(met).toEqual(Array.from({ length: count }, (_, index) => index))
    // All of the first window but what there was room for, and no step twice.
    expect(runs).toBeGreaterThan(count + READ_AHEAD_BLOCKS - 2 * (READ_AHEAD_BYTES / BLOCK_BYTES_MAX))
    expect(runs).toBeLessThanOrEqual(2 * count)
  })

  test('reads ahead at all', async () => {
    const meter = new Meter()
    const trees = Array.from({ length: 100 }, () => ({ name: '', bytes: 1024 * 1024 }))
    for await (const tree of traverse(meter.stepsOf(trees))) meter.consumed(tree)
    expect(meter.mostSteps).toBeGreaterThan(16)
  })

  test('takes the steps of a huge node lazily', async () => {
    const meter = new Meter()
    let taken = 0
    const children = {
      *[Symbol.iterator]() {
        for (; taken < 1_000_000; taken++) yield { name: 'child', bytes: 10, ticks: 0 }
      },
    }
    let met = 0
    for await (const _ of traverse(meter.stepsOf([{ name: 'root', children }]))) if (++met === 1000) break
    expect(taken).toBeLessThan(1000 + READ_AHEAD_BLOCKS + 1)
    expect(meter.running).toBe(0)
  })

  test('a break ends every step and every iterator', async () => {
    const meter = new Meter()
    let isEnded = false
    function* endless(): Generator<Tree> {
      try {
        for (;;) yield { name: 'x', bytes: 1000, ticks: 2 }
      } finally {
        isEnded = true
      }
    }
    for await (const _ of traverse(meter.stepsOf(endless()))) break
    expect(meter.running).toBe(0)
    expect(meter.begun).toBeGreaterThan(1)
    expect(isEnded).toBe(true)
  })

  test('an abort rejects with its reason once nothing runs', async () => {
    const meter = new Meter()
    const stop = new AbortController()
    const reason = new Error('enough')
    const slow = Array.from({ length: 50 }, (_, index) => ({ name: `${index}`, ticks: index < 3 ? 1 : 1_000_000 }))
    const met: Tree[] = []
    const read = async () => {
      for await (const tree of traverse(meter.stepsOf(slow), { signal: stop.signal })) {
        met.push(tree)
        if (met.length === 3) setImmediate(() => stop.abort(reason))
      }
    }
    await expect(read()).rejects.toBe(reason)
    expect(met).toHaveLength(3)
    expect(meter.running).toBe(0)
  })

  test('begins nothing when it is aborted before', async () => {
    const meter = new Meter()
    const signal = AbortSignal.abort(new Error('before'))
    await expect(all(traverse(meter.stepsOf([{ name: 'a' }]), { signal }))).rejects.toBe(signal.reason)
    expect(meter.begun).toBe(0)
  })

  test('an error comes in its turn, after everything before it', async () => {
    const meter = new Meter()
    const trees = [
      { name: 'a', ticks: 30, children: [{ name: 'b', ticks: 30 }] },
      { name: 'bad', ticks: 0, fails: true },
      { name: 'c', ticks: 1_000_000 },
    ]
    const met: string[] = []
    const read = async () => {
      for await (const { name } of traverse(meter.stepsOf(trees))) met.push(name)
    }
    await expect(read()).rejects.toThrow(RangeError)
    expect(met).toEqual(['a', 'b'])
    expect(meter.running).toBe(0)
  })

  test('an error that nobody comes to is not reported', async () => {
    const meter = new Meter()
    for await (const _ of traverse(meter.stepsOf([{ name: 'a' }, { name: 'bad', ticks: 0, fails: true }]))) break
    expect(meter.running).toBe(0)
  })

  test('gives DAG_DEPTH_MAX levels below the root and no more', async () => {
    function* chain(depth: number): Generator<Step<number>> {
      yield { run: async () => ({ value: depth, bytes: 1, next: chain(depth + 1) }) }
    }
    const met: number[] = []
    await expectCode('LIMIT', async () => {
      for await (const depth of traverse(chain(0))) met.push(depth)
    })
    expect(met.length).toBeGreaterThanOrEqual(DAG_DEPTH_MAX)
    expect(met.length).toBeLessThanOrEqual(DAG_DEPTH_MAX + 1)
  })

  test('gives nothing for no roots', async () => {
    expect(await all(traverse([]))).toEqual([])
  })
})

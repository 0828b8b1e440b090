import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { describe, expect, test } from 'vitest'
import {
  BlockService,
  CairnError,
  createBlock,
  relabelBlock,
  type Block,
  type Fetcher,
  type FetchOptions,
} from '../../src/index.ts'
import { blockAt } from '../support/dag.ts'
import { expectCode } from '../support/expect-code.ts'
import { MapStore, rawBlock } from '../support/map-store.ts'

const tick = () => new Promise((resolve) => setImmediate(resolve))

/** Gives the blocks it has once it is opened, and counts what it is asked and what still runs. */
class GatedFetcher implements Fetcher {
  readonly #blocks: readonly Block[]
  readonly #gate = Promise.withResolvers<void>()
  readonly reasons: unknown[] = []
  readonly signals: AbortSignal[] = []
  readonly urgency: unknown[] = []
  asked = 0
  running = 0

  constructor(...blocks: readonly Block[]) {
    this.#blocks = blocks
  }

  open(): this {
    this.#gate.resolve()
    return this
  }

  async fetch(cid: CID, { signal, urgent }: FetchOptions = {}): Promise<Block> {
    this.asked++
    this.urgency.push(urgent)
    if (signal !== undefined) this.signals.push(signal)
    this.running++
    try {
      const aborted = new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }))
      await Promise.race([this.#gate.promise, aborted])
      if (signal?.aborted === true) {
        this.reasons.push(signal.reason)
        // Ends later than it is told, as a peer's answer on the wire would.
        for (let count = 0; count < 5; count++) await tick()
        throw signal.reason
      }
      const block = this.#blocks.find((candidate) =>
        candidate.cid.multihash.digest.every((byte, index) => byte === cid.multihash.digest[index]),
      )
      if (block === undefined) throw new CairnError('NOT_FOUND', 'Cannot find the block here', { cid })
      return relabelBlock(block, cid)
    } finally {
      this.running--
    }
  }
}

const block = rawBlock(1)

describe('get', () => {
  test('prefers the store, under the CID that was asked for', async () => {
    const store = new MapStore()
    const fetcher = new GatedFetcher()
    const service = new BlockService({ store, fetchers: [fetcher] })
    const node = createBlock(Uint8Array.of(10, 0), { codec: 0x70, cidVersion: 0 })
    await store.putMany([node])
    for (const cid of [node.cid, node.cid.toV1(), CID.createV1(0x55, node.cid.multihash)]) {
      const found = await service.get(cid)
      expect(found.cid.equals(cid)).toBe(true)
      expect(found.bytes).toEqual(node.bytes)
    }
    expect(fetcher.asked).toBe(0)
  })

  test('tells what is found here, and not what is fetched', async () => {
    const store = new MapStore()
    const found: unknown[] = []
    const fetched = rawBlock(2)
    const fetchers = [new GatedFetcher(fetched).open()]
    const service = new BlockService({ store, fetchers, onFound: (cid, bytes) => found.push([cid, bytes]) })
    await store.putMany([block])
    await service.get(fetched.cid)
    await service.get(block.cid)
    await service.ensure(block.cid)
    expect(found).toEqual([
      [block.cid, block.bytes.length],
      [block.cid, undefined],
    ])
  })

  test('fetches once for 100 callers, each under its own CID', async () => {
    const node = createBlock(Uint8Array.of(10, 0), { codec: 0x70, cidVersion: 0 })
    const fetcher = new GatedFetcher(node)
    const service = new BlockService({ store: new MapStore(), fetchers: [fetcher] })
    const cids = Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? node.cid : node.cid.toV1()))
    const got = Promise.all(cids.map((cid) => service.get(cid)))
    await tick()
    fetcher.open()
    expect((await got).map(({ cid }) => cid.version)).toEqual(cids.map(({ version }) => version))
    expect(fetcher.asked).toBe(1)
    await service.get(node.cid)
    expect(fetcher.asked).toBe(1)
  })

  test('one caller that leaves does not disturb the others', async () => {
    const fetcher = new GatedFetcher(block)
    const service = new BlockService({ store: new MapStore(), fetchers: [fetcher] })
    const stop = new AbortController()
    const leaving = service.get(block.cid, { signal: stop.signal })
    const staying = [service.get(block.cid), service.get(block.cid, { signal: new AbortController().signal })]
    await tick()
    stop.abort(new Error('left'))
    await expect(leaving).rejects.toBe(stop.signal.reason)
    expect(fetcher.reasons).toEqual([])
    fetcher.open()
    expect(await Promise.all(staying)).toHaveLength(2)
    expect(fetcher.asked).toBe(1)
  })

  test('the last caller that leaves stops the fetch and waits for its end', async () => {
    const fetcher = new GatedFetcher(block)
    const service = new BlockService({ store: new MapStore(), fetchers: [fetcher] })
    const stops = [new AbortController(), new AbortController()]
    const calls = stops.map(({ signal }) => service.get(block.cid, { signal }))
    const ends = Promise.allSettled(calls)
    await tick()
    stops[0]?.abort(new Error('first'))
    await tick()
    expect(fetcher.running).toBe(1)
    stops[1]?.abort(new Error('second'))
    await expect(calls[1]).rejects.toBe(stops[1]?.signal.reason)
    expect(fetcher.running).toBe(0)
    expect(await ends).toMatchObject([{ reason: stops[0]?.signal.reason }, { reason: stops[1]?.signal.reason }])
    fetcher.open()
    expect((await service.get(block.cid)).bytes).toEqual(block.bytes)
    expect(fetcher.asked).toBe(2)
  })

  test('does nothing when it is aborted before', async () => {
    const fetcher = new GatedFetcher(block).open()
    const service = new BlockService({ store: new MapStore(), fetchers: [fetcher] })
    const signal = AbortSignal.abort(new Error('before'))
    await expect(service.get(block.cid, { signal })).rejects.toBe(signal.reason)
    await expect(service.ensure(block.cid, { signal })).rejects.toBe(signal.reason)
    expect(fetcher.asked).toBe(0)
  })

  test('takes the first fetcher that has the block and stops the others before it stores', async () => {
    const [none, slow, quick] = [new GatedFetcher().open(), new GatedFetcher(block), new GatedFetcher(block).open()]
    const store = new MapStore()
    const stopped: boolean[] = []
    store.putMany = async () => void stopped.push(...slow.signals.map(({ aborted }) => aborted))
    const service = new BlockService({ store, fetchers: [none, slow, quick] })
    expect((await service.get(block.cid)).bytes).toEqual(block.bytes)
    expect(stopped).toEqual([true])
  })

  test('gives the error of the first fetcher when all fail', async () => {
    const failing: Fetcher = { fetch: () => Promise.reject(new CairnError('UNAVAILABLE', 'Cannot ask: offline')) }
    const fetchers = [failing, new GatedFetcher().open()]
    await expectCode('UNAVAILABLE', () => new BlockService({ store: new MapStore(), fetchers }).get(block.cid))
  })

  test('a failed fetch is forgotten', async () => {
    let answers = 0
    const fetcher: Fetcher = {
      fetch: async () => {
        if (++answers === 1) throw new CairnError('UNAVAILABLE', 'Cannot ask: later')
        return block
      },
    }
    const service = new BlockService({ store: new MapStore(), fetchers: [fetcher] })
    await expectCode('UNAVAILABLE', () => service.get(block.cid))
    expect((await service.get(block.cid)).bytes).toEqual(block.bytes)
  })

  test('stores what it fetched before it tells of it, and both before the caller has it', async () => {
    const store = new MapStore()
    const told: string[] = []
    const onStored = (blocks: readonly Block[]) => {
      for (const { cid } of blocks) void store.size(cid).then((size) => told.push(`${size}`))
    }
    const service = new BlockService({ store, fetchers: [new GatedFetcher(block).open()], onStored })
    await service.get(block.cid)
    expect(await store.size(block.cid)).toBe(block.bytes.length)
    expect(told).toEqual([`${block.bytes.length}`])
  })

  test('is offline without fetchers', async () => {
    const service = new BlockService({ store: new MapStore() })
    await expectCode('NOT_FOUND', () => service.get(block.cid))
    await expectCode('NOT_FOUND', () => service.ensure(block.cid))
  })

  test('knows the empty block without asking anybody', async () => {
    const store = new MapStore()
    const fetcher = new GatedFetcher()
    const told: Block[] = []
    const service = new BlockService({ store, fetchers: [fetcher], onStored: (blocks) => told.push(...blocks) })
    for (const hash of ['sha2-256', 'blake3'] as const) {
      const { cid } = createBlock(new Uint8Array(0), { codec: 0x70, hash })
      expect((await service.get(cid)).bytes).toHaveLength(0)
      expect(await store.size(cid)).toBe(0)
    }
    expect(fetcher.asked).toBe(0)
    expect(told).toHaveLength(2)
  })

  test('reads identity CIDs from themselves, and stores nothing', async () => {
    const store = new MapStore()
    const service = new BlockService({ store })
    const cid = CID.createV1(0x55, createDigest(0, Uint8Array.of(1, 2)))
    expect((await service.get(cid)).bytes).toEqual(Uint8Array.of(1, 2))
    await service.ensure(cid)
    expect(await store.stat()).toEqual({ blocks: 0, bytes: 0 })
  })

  test('refuses what cannot be proven before it asks anybody', async () => {
    const fetcher = new GatedFetcher(block).open()
    const service = new BlockService({ store: new MapStore(), fetchers: [fetcher] })
    const cidOf = (code: number, length: number) => CID.createV1(0x55, createDigest(code, new Uint8Array(length)))
    await expectCode('DENIED', () => service.get(cidOf(0x22, 8)))
    await expectCode('INVALID', () => service.get(cidOf(0x12, 8)))
    await expectCode('LIMIT', () => service.ensure(cidOf(0x12, 64)))
    await expectCode('UNSUPPORTED', () => service.get(cidOf(0x11, 20)))
    expect(fetcher.asked).toBe(0)
  })
})

describe('get of a block whose stored bytes are damaged', () => {
  /** A store that finds damage in every block that was not put since. */
  function damagedStore(): MapStore {
    const store = new MapStore()
    const get = store.get.bind(store)
    store.get = async (cid) => {
      const found = await get(cid)
      if (found === undefined) throw new CairnError('CORRUPT', 'Cannot read the block', { cid })
      return found
    }
    return store
  }

  test('gives and stores what a fetcher has', async () => {
    const store = damagedStore()
    const fetcher = new GatedFetcher(block).open()
    const service = new BlockService({ store, fetchers: [fetcher] })
    expect((await service.get(block.cid)).bytes).toEqual(block.bytes)
    expect(await store.hasMany([block.cid])).toEqual([true])
    await service.get(block.cid)
    expect(fetcher.asked).toBe(1)
  })

  test('is CORRUPT when nobody has it, or nobody is asked', async () => {
    for (const fetchers of [[], [new GatedFetcher().open()]]) {
      const service = new BlockService({ store: damagedStore(), fetchers })
      await expectCode('CORRUPT', () => service.get(block.cid))
    }
  })

  test('ends with the reason of the signal', async () => {
    const service = new BlockService({ store: damagedStore(), fetchers: [new GatedFetcher(block)] })
    const stop = new AbortController()
    const got = service.get(block.cid, { signal: stop.signal })
    await tick()
    stop.abort(new Error('enough'))
    await expect(got).rejects.toBe(stop.signal.reason)
  })
})

describe('ensure', () => {
  test('fetches what is missing and reads nothing that is there', async () => {
    const fetcher = new GatedFetcher(block).open()
    const store = new MapStore()
    const service = new BlockService({ store, fetchers: [fetcher] })
    await service.ensure(block.cid)
    store.get = () => expect.fail('read a block that is there')
    await service.ensure(block.cid)
    expect(fetcher.asked).toBe(1)
  })
})

test('putMany stores before it tells, and tells nothing of what failed', async () => {
  const told: Block[] = []
  const store = new MapStore()
  const service = new BlockService({ store, onStored: (blocks) => told.push(...blocks) })
  const blocks = [rawBlock(1), rawBlock(2)]
  await service.putMany(blocks)
  expect(told).toEqual(blocks)
  expect(await store.hasMany([blockAt(blocks, 0).cid, blockAt(blocks, 1).cid, rawBlock(3).cid])).toEqual([
    true,
    true,
    false,
  ])
  store.putMany = () => Promise.reject(new CairnError('LIMIT', 'Cannot write: the disk is full'))
  await expectCode('LIMIT', () => service.putMany([rawBlock(3)]))
  expect(told).toEqual(blocks)
})

test('who is urgent does not wait for a fetch that is not, and is joined by all who come later', async () => {
  const wanted = rawBlock(77)
  const fetcher = new GatedFetcher(wanted)
  const service = new BlockService({ store: new MapStore(), fetchers: [fetcher] })
  const ahead = service.get(wanted.cid)
  await tick()
  const now = service.get(wanted.cid, { urgent: true })
  await tick()
  const later = [service.get(wanted.cid), service.get(wanted.cid, { urgent: true })]
  await tick()
  expect(fetcher.urgency).toEqual([false, true])
  fetcher.open()
  for (const got of await Promise.all([ahead, now, ...later])) expect(got.bytes).toEqual(wanted.bytes)
  expect(fetcher.running).toBe(0)
})

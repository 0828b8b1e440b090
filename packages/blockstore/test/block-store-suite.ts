// What every block store must do. A new backend's test calls this with a way to open an empty store.
import {
  createBlock,
  DAG_PB_CODE,
  RAW_CODE,
  type Block,
  type BlockStore,
  type StoredBlock,
  type Sweep,
} from '@cairn/core'
import { CID } from 'multiformats/cid'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

/** Opens an empty store; the suite closes it. */
export type OpenBlockStore = () => Promise<BlockStore>

const EMPTY_CID = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'

/** Runs the conformance tests of `BlockStore` over what `open` gives. */
export function blockStoreSuite(name: string, open: OpenBlockStore): void {
  describe(`block store: ${name}`, () => {
    let store: BlockStore
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())

    const scope = (): BlockStore => store
    testReading(scope)
    testWriting(scope)
    testDeleting(scope)
    testSweeping(scope)
    testClaims(scope)
    testClosing(scope)
  })
}

/** A raw block of `size` bytes that depends on `seed` alone. */
export function seededBlock(seed: number, size = 64): Block {
  const bytes = new Uint8Array(Math.max(size, 4))
  new DataView(bytes.buffer).setUint32(0, seed)
  for (let index = 4; index < bytes.length; index++) bytes[index] = (seed * 31 + index * 7) & 0xff
  return createBlock(bytes.subarray(0, size), { codec: RAW_CODE })
}

function testReading(store: () => BlockStore): void {
  test('gives back the bytes of a block', async () => {
    const block = seededBlock(1)
    await store().putMany([block])
    const found = await store().get(block.cid)
    expect(found?.cid.equals(block.cid)).toBe(true)
    expect(hex(found?.bytes)).toBe(hex(block.bytes))
    expect(await store().size(block.cid)).toBe(64)
    expect(await store().hasMany([block.cid])).toEqual([true])
  })

  test('a miss is undefined, not an error', async () => {
    const { cid } = seededBlock(2)
    expect(await store().get(cid)).toBeUndefined()
    expect(await store().size(cid)).toBeUndefined()
    expect(await store().sizeMany([cid, cid])).toEqual([undefined, undefined])
    expect(await store().hasMany([cid])).toEqual([false])
  })

  test('getMany and hasMany keep the order, with gaps and repeats', async () => {
    const [a, b, c] = [seededBlock(1), seededBlock(2), seededBlock(3)]
    await store().putMany([a, c])
    const cids = [c.cid, b.cid, a.cid, c.cid]
    const found = await store().getMany(cids)
    expect(found.map((block) => hex(block?.bytes))).toEqual([hex(c.bytes), undefined, hex(a.bytes), hex(c.bytes)])
    expect(await store().hasMany(cids)).toEqual([true, false, true, true])
    expect(await store().getMany([])).toEqual([])
    expect(await store().hasMany([])).toEqual([])
  })

  test('finds a block by any CID of its multihash, and answers with the CID that was asked for', async () => {
    const block = createBlock(Uint8Array.of(0x0a, 0x02, 0x08, 0x01), { codec: DAG_PB_CODE, cidVersion: 0 })
    await store().putMany([block])
    const forms = [
      block.cid,
      block.cid.toV1(),
      CID.createV1(RAW_CODE, block.cid.multihash),
      CID.createV1(0x71, block.cid.multihash),
    ]
    const found = await store().getMany(forms)
    expect(found.map((each) => each?.cid.toString())).toEqual(forms.map(String))
    expect((await store().stat()).blocks).toBe(1)
  })

  test('an identity CID is always there and never stored', async () => {
    const cid = CID.parse('bafkqabtimvwgy3yk') // "hello" and a line feed
    expect(hex((await store().get(cid))?.bytes)).toBe('68656c6c6f0a')
    expect(await store().hasMany([cid])).toEqual([true])
    expect(await store().size(cid)).toBe(6)
    expect(await store().sizeMany([cid])).toEqual([6])
    const block = await store().get(cid)
    await store().putMany(block === undefined ? [] : [block])
    expect(await store().stat()).toEqual({ blocks: 0, bytes: 0 })
    expect(await store().deleteMany([cid])).toBe(0)
    expect(hex((await store().get(CID.parse('bafkqaaa')))?.bytes)).toBe('')
  })
}

function testWriting(store: () => BlockStore): void {
  test('keeps the empty block', async () => {
    const block = createBlock(new Uint8Array(), { codec: RAW_CODE })
    expect(block.cid.toString()).toBe(EMPTY_CID)
    await store().putMany([block])
    expect((await store().get(block.cid))?.bytes.length).toBe(0)
    expect(await store().size(block.cid)).toBe(0)
    expect(await store().stat()).toEqual({ blocks: 1, bytes: 0 })
  })

  test('keeps blocks of 2 MiB, several in one put', async () => {
    const blocks = [1, 2, 3].map((seed) => seededBlock(seed, 2 * 1024 * 1024))
    await store().putMany(blocks)
    const found = await store().getMany(blocks.map(({ cid }) => cid))
    expect(
      found.every(
        (block, index) =>
          Buffer.compare(block?.bytes ?? new Uint8Array(), blocks[index]?.bytes ?? new Uint8Array()) === 0,
      ),
    ).toBe(true)
  })

  test('stores a block once, however often it is put', async () => {
    const block = seededBlock(1)
    await store().putMany([block, block, seededBlock(1)])
    await Promise.all([store().putMany([block]), store().putMany([block, seededBlock(2)])])
    expect(await store().stat()).toEqual({ blocks: 2, bytes: 128 })
    await store().putMany([])
  })

  test('concurrent puts are each readable once acknowledged', async () => {
    const groups = Array.from({ length: 40 }, (_, group) => [0, 1, 2].map((each) => seededBlock(group * 2 + each)))
    await Promise.all(
      groups.map(async (blocks) => {
        await store().putMany(blocks)
        const found = await store().getMany(blocks.map(({ cid }) => cid))
        expect(found.map((block) => hex(block?.bytes))).toEqual(blocks.map(({ bytes }) => hex(bytes)))
      }),
    )
    expect((await store().stat()).blocks).toBe(81)
  })

  test('lists every block as a raw CIDv1 with its size', async () => {
    const blocks = Array.from({ length: 2500 }, (_, seed) => seededBlock(seed, 4 + (seed % 50)))
    await store().putMany(blocks)
    const listed = await Array.fromAsync(store().list(), ({ cid, size }) => `${cid} ${size}`)
    expect(listed.toSorted()).toEqual(blocks.map(({ cid, bytes }) => `${cid} ${bytes.length}`).toSorted())
  })

  test('a listing that is broken off leaves the store usable', async () => {
    await store().putMany([seededBlock(1), seededBlock(2)])
    for await (const { size } of store().list()) {
      expect(size).toBe(64)
      break
    }
    expect((await store().stat()).blocks).toBe(2)
  })
}

function testDeleting(store: () => BlockStore): void {
  test('deletes what is there and counts it', async () => {
    const [a, b, c] = [seededBlock(1), seededBlock(2), seededBlock(3)]
    await store().putMany([a, b])
    expect(await store().deleteMany([a.cid, a.cid, c.cid])).toBe(1)
    expect(await store().hasMany([a.cid, b.cid])).toEqual([false, true])
    expect(await store().get(a.cid)).toBeUndefined()
    expect(await store().stat()).toEqual({ blocks: 1, bytes: 64 })
  })

  test('a deleted block can be put again', async () => {
    const block = seededBlock(1)
    await store().putMany([block])
    await store().deleteMany([block.cid])
    await store().putMany([block])
    expect(hex((await store().get(block.cid))?.bytes)).toBe(hex(block.bytes))
    expect((await store().stat()).blocks).toBe(1)
  })
}

function testSweeping(store: () => BlockStore): void {
  test('a sweep deletes what is not live, and says so', async () => {
    const [live, dead] = [seededBlock(1), seededBlock(2, 10)]
    await store().putMany([live, dead])
    expect(await sweep(store(), [live])).toEqual([`${dead.cid} 10`])
    expect(await store().hasMany([live.cid, dead.cid])).toEqual([true, false])
    expect(await store().stat()).toEqual({ blocks: 1, bytes: 64 })
  })

  test('marking tells what is new, known and absent, once for each codec that a block may have links by', async () => {
    const node = createBlock(Uint8Array.of(0x0a, 0x02, 0x08, 0x01), { codec: DAG_PB_CODE })
    const [leaf, absent] = [seededBlock(1, 70), seededBlock(2)]
    await store().putMany([node, leaf])
    await using open = await store().openSweep()
    const asRaw = CID.createV1(RAW_CODE, node.cid.multihash)
    const identity = CID.parse('bafkqabtimvwgy3yk')
    expect(await open.mark([asRaw, asRaw, node.cid, node.cid, leaf.cid, absent.cid, identity])).toEqual([
      { status: 'new', bytes: 4 },
      { status: 'known' },
      { status: 'new', bytes: 4 },
      { status: 'known' },
      { status: 'new', bytes: 70 },
      { status: 'absent' },
      { status: 'new', bytes: 6 },
    ])
    expect(open.marked).toEqual({ blocks: 2, bytes: 74 })
    expect(await open.mark([leaf.cid.toV1(), asRaw])).toEqual([{ status: 'known' }, { status: 'known' }])
    expect(await removedBy(open)).toEqual([])
  })

  test('a sweep with a size to come down to stops there, and takes no more than it must', async () => {
    const blocks = Array.from({ length: 200 }, (_, seed) => seededBlock(seed, 1000))
    await store().putMany(blocks)
    const [live, before] = [blocks.slice(0, 20), await store().diskBytes()]
    expect(before).toBeGreaterThanOrEqual(200_000)
    await using open = await store().openSweep()
    await open.mark(live.map(({ cid }) => cid))
    const downToBytes = before - 50_000
    expect(await Array.fromAsync(open.run({ downToBytes: before }))).toEqual([])
    for await (const _ of open.run({ downToBytes }));
    const left = (await store().stat()).blocks
    expect(left).toBeGreaterThan(100)
    expect(left).toBeLessThan(160)
    expect(await store().hasMany(live.map(({ cid }) => cid))).toEqual(live.map(() => true))
  })

  test('one sweep at a time; the next can open when the first is disposed of', async () => {
    const first = await store().openSweep()
    await expect(store().openSweep()).rejects.toMatchObject({ code: 'CONFLICT' })
    await first[Symbol.asyncDispose]()
    const second = await store().openSweep()
    await first[Symbol.asyncDispose]()
    await expect(store().openSweep()).rejects.toMatchObject({ code: 'CONFLICT' })
    await second[Symbol.asyncDispose]()
  })

  test('an aborted sweep stops with the reason of its signal', async () => {
    await store().putMany([seededBlock(1)])
    await using open = await store().openSweep()
    const reason = new Error('enough')
    await expect(Array.fromAsync(open.run({ signal: AbortSignal.abort(reason) }))).rejects.toBe(reason)
    expect((await store().stat()).blocks).toBe(1)
  })

  test('puts that meet a sweep of the same blocks never lose one', async () => {
    const blocks = Array.from({ length: 300 }, (_, seed) => seededBlock(seed))
    await store().putMany(blocks)
    await using open = await store().openSweep()
    const puts = Promise.all(blocks.map((block) => store().putMany([block])))
    await Array.fromAsync(open.run())
    await puts
    expect(await store().hasMany(blocks.map(({ cid }) => cid))).toEqual(blocks.map(() => true))
  })
}

function testClaims(store: () => BlockStore): void {
  test('a sweep leaves what is put while it is open, new or not', async () => {
    const [fresh, again, dead] = [seededBlock(1), seededBlock(2), seededBlock(3)]
    await store().putMany([again, dead])
    await using open = await store().openSweep()
    await store().putMany([fresh, again])
    const gone = await removedBy(open)
    expect(gone.map(({ cid }) => cid.toString())).toEqual([dead.cid.toString()])
    expect(await store().hasMany([fresh.cid, again.cid])).toEqual([true, true])
  })

  test('a hold protects what is put under it, new or not, and nothing else', async () => {
    const [before, again, fresh] = [seededBlock(1), seededBlock(2), seededBlock(3)]
    await store().putMany([before, again])
    const hold = store().hold()
    await store().putMany([again, fresh])
    expect(await sweep(store(), [])).toEqual([`${before.cid} 64`])
    hold.release()
    hold.release()
    expect((await sweep(store(), [])).toSorted()).toEqual([`${again.cid} 64`, `${fresh.cid} 64`].toSorted())
  })

  test('claiming what is stored protects it like putting it again', async () => {
    const [claimed, other] = [seededBlock(1), seededBlock(2)]
    await store().putMany([claimed, other])
    await using open = await store().openSweep()
    expect(await store().claimMany([claimed.cid, seededBlock(3).cid])).toEqual([true, false])
    await Array.fromAsync(open.run())
    expect(await store().hasMany([claimed.cid, other.cid])).toEqual([true, false])
  })

  test('claims that are made together each get their own answers', async () => {
    const [first, second] = [seededBlock(1), seededBlock(2)]
    await store().putMany([first, second])
    const putting = store().putMany([seededBlock(3)])
    const claims = [[first.cid], [], [seededBlock(4).cid, second.cid], [first.cid, first.cid]]
    const found = Promise.all(claims.map((cids) => store().claimMany(cids)))
    expect(await found).toEqual([[true], [], [false, true], [true, true]])
    await putting
  })

  test('a hold that is released while a sweep is open still counts for that sweep', async () => {
    const block = seededBlock(1)
    const hold = store().hold()
    await store().putMany([block])
    await using open = await store().openSweep()
    hold.release()
    expect(await removedBy(open)).toEqual([])
  })

  test('deleting by name takes no notice of holds', async () => {
    const hold = store().hold()
    await store().putMany([seededBlock(1)])
    expect(await store().deleteMany([seededBlock(1).cid])).toBe(1)
    hold.release()
  })
}

function testClosing(store: () => BlockStore): void {
  test('closing waits for what is under way; afterwards everything is unavailable', async () => {
    const block = seededBlock(1)
    const open = await store().openSweep()
    const put = store().putMany([block])
    const get = store().get(block.cid)
    await Promise.all([store().close(), put, get])
    await store().close()
    const unavailable = { code: 'UNAVAILABLE' }
    await expect(store().get(block.cid)).rejects.toMatchObject(unavailable)
    await expect(store().getMany([])).rejects.toMatchObject(unavailable)
    await expect(store().hasMany([block.cid])).rejects.toMatchObject(unavailable)
    await expect(store().size(block.cid)).rejects.toMatchObject(unavailable)
    await expect(store().putMany([block])).rejects.toMatchObject(unavailable)
    await expect(store().deleteMany([block.cid])).rejects.toMatchObject(unavailable)
    await expect(Array.fromAsync(store().list())).rejects.toMatchObject(unavailable)
    await expect(store().stat()).rejects.toMatchObject(unavailable)
    expect(() => store().hold()).toThrow(expect.objectContaining(unavailable))
    await expect(store().openSweep()).rejects.toMatchObject(unavailable)
    await expect(Array.fromAsync(open.run())).rejects.toMatchObject(unavailable)
  })

  test('closing in the middle of a listing ends it', async () => {
    await store().putMany(Array.from({ length: 3000 }, (_, seed) => seededBlock(seed)))
    const listing = store().list()[Symbol.asyncIterator]()
    await listing.next()
    await store().close()
    const rest = async () => {
      for (let next = await listing.next(); next.done !== true; next = await listing.next());
    }
    await expect(rest()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
}

async function sweep(store: BlockStore, live: readonly Block[]): Promise<string[]> {
  await using open = await store.openSweep()
  await open.mark(live.map(({ cid }) => cid))
  return (await removedBy(open)).map(({ cid, size }) => `${cid} ${size}`)
}

/** What a sweep removes. */
export async function removedBy(open: Sweep): Promise<StoredBlock[]> {
  return (await Array.fromAsync(open.run(), ({ removed }) => removed)).flat()
}

function hex(bytes: Uint8Array): string
function hex(bytes: Uint8Array | undefined): string | undefined
function hex(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('hex')
}

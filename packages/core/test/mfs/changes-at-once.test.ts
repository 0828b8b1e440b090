import fc from 'fast-check'
import type { CID } from 'multiformats/cid'
import { describe, expect, test } from 'vitest'
import { BlockService, Mfs } from '../../src/index.ts'
import { MFS_CHUNK_BYTES, MFS_PENDING_BYTES } from '../../src/limits.ts'
import { patternBytes, streamOf } from '../support/bytes.ts'
import { expectCode } from '../support/expect-code.ts'
import { MapRecords } from '../support/map-records.ts'
import { MapStore } from '../support/map-store.ts'
import { Repo, treeOf } from '../support/mfs-repo.ts'

const text = (content: string) => streamOf(Buffer.from(content))
const CREATE = { create: true }

describe('changes', () => {
  test('of many writers on the same files and folders lose nothing of each other', async () => {
    const writers = 5
    const step = fc.record({
      writer: fc.nat(writers - 1),
      verb: fc.constantFrom('write', 'write', 'mkdir', 'move', 'copy', 'remove', 'chmod'),
      file: fc.nat(2),
      place: fc.nat(300),
      flush: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const repo = new Repo()
        const files = await repo.open()
        const shared = ['/a', '/d/b', '/d/e/c']
        for (const path of shared) await files.write(path, text('#'.repeat(2000)), { ...CREATE, parents: true })
        const bytes = shared.map(() => Buffer.alloc(2000, '#'))
        const folders = new Map<string, string>()
        // Each has bytes and names of its own, so all orders give the same; its own changes come one after another.
        const work = async (writer: number): Promise<void> => {
          for (const { verb, file, place, flush } of steps.filter((one) => one.writer === writer)) {
            const path = shared[file] ?? ''
            const [here, there] = [`/d/own ${writer}`, `/d/e/own ${writer}`]
            const at = [here, there].find((name) => folders.has(name))
            const other = at === here ? there : here
            if (verb === 'write') {
              const offset = place * writers + writer
              bytes[file]?.write(`${writer}`, offset)
              await files.write(path, text(`${writer}`), { offset, flush })
            } else if (verb === 'chmod') {
              await files.setMetadata(path, { mode: 0o644 }, { flush })
            } else if (at === undefined) {
              folders.set(here, '')
              await files.mkdir(here, { flush })
            } else if (verb === 'move' && !folders.has(other)) {
              folders.delete(at)
              folders.set(other, '')
              await files.move(at, other, { flush })
            } else if (verb === 'copy' && !folders.has(other)) {
              folders.set(other, '')
              await files.copy(at, other, { flush })
            } else if (verb === 'remove') {
              folders.delete(at)
              await files.remove(at, { recursive: true, flush })
            }
          }
        }
        await Promise.all([...Array.from({ length: writers }, (_, writer) => work(writer)), repo.collect()])
        await files.flush()
        await repo.collect()
        const own = [...folders.keys()].map((path) => [`${path}/`, ''])
        const contents = shared.map((path, file) => [path, bytes[file]?.toString()])
        const expected = Object.fromEntries([['/d/', ''], ['/d/e/', ''], ...own, ...contents])
        expect(await repo.recorded()).toEqual(expected)
        expect(await treeOf(files)).toEqual(expected)
      }),
      { numRuns: 40 },
    )
  })

  test('that bring back what was collected store it again', async () => {
    const repo = new Repo()
    const files = await repo.open()
    const content = patternBytes(3 * MFS_CHUNK_BYTES)
    for (let round = 0; round < 3; round++) {
      await files.write('/d/f', streamOf(content), { ...CREATE, parents: true })
      expect(Buffer.from((await repo.recorded())['/d/f'] ?? '')).toEqual(Buffer.from(Buffer.from(content).toString()))
      await files.remove('/d', { recursive: true })
      await repo.collect()
    }
  })

  test('that change nothing hold no memory for it, however many they are', async () => {
    const files = await new Repo().open()
    const content = patternBytes(MFS_PENDING_BYTES + 8 * MFS_CHUNK_BYTES)
    await files.write('/f', streamOf(content), CREATE)
    const { cid } = await files.find('/f')
    for (let offset = 0; offset < content.length; offset += MFS_CHUNK_BYTES) {
      await files.write('/f', streamOf(content.subarray(offset, offset + 10)), { offset })
    }
    expect((await files.find('/f')).cid.equals(cid)).toBe(true)
  })

  test('of more than may wait, none of which can be recorded, leave room for the next ones', async () => {
    const repo = new Repo()
    const files = await repo.open()
    const content = patternBytes(MFS_PENDING_BYTES + 8 * MFS_CHUNK_BYTES)
    await files.write('/f', text('before'), CREATE)
    repo.records.fails = true
    const writes = []
    for (let offset = 0; offset < content.length; offset += MFS_CHUNK_BYTES) {
      const piece = content.subarray(offset, offset + MFS_CHUNK_BYTES)
      writes.push(files.write(`/${offset}`, streamOf(piece), { ...CREATE, flush: false }))
    }
    await Promise.all(writes)
    await expectCode('LIMIT', () => files.flush())
    repo.records.fails = false
    await files.write('/g', text('after'), CREATE)
    expect(await repo.recorded()).toEqual({ '/f': 'before', '/g': 'after' })
  })

  test('to a file read none of the nodes again that were just written', async () => {
    let reads = 0
    class CountingStore extends MapStore {
      override get(cid: CID) {
        reads++
        return super.get(cid)
      }
    }
    const store = new CountingStore()
    const files = await Mfs.open({ records: new MapRecords(), store, blocks: new BlockService({ store }) })
    await files.write('/f', streamOf(patternBytes(5 * MFS_CHUNK_BYTES)), CREATE)
    reads = 0
    for (let number = 0; number < 20; number++) {
      await files.write('/f', text('append'), { offset: 5 * MFS_CHUNK_BYTES + 6 * number })
    }
    // The reader of a change begins with the leaf that it fills.
    expect(reads).toBeLessThan(3)
  })
})

test('a change that waits for a block ends when it is told to, and the next one goes on', async () => {
  const repo = new Repo()
  const before = await repo.open()
  await before.write('/folder/below/file', text('x'), { ...CREATE, parents: true })
  const { cid } = await before.find('/folder/below')
  await repo.store.deleteMany([cid])
  // Nobody ever answers.
  const fetch = (_: CID, { signal }: { readonly signal?: AbortSignal | undefined } = {}) =>
    new Promise<never>((__, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
  const blocks = new BlockService({ store: repo.store, fetchers: [{ fetch }] })
  const files = await Mfs.open({ records: repo.records, store: repo.store, blocks })
  const reason = new Error('enough')
  const changes = [
    (signal: AbortSignal) => files.remove('/folder/below/file', { signal }),
    (signal: AbortSignal) => files.mkdir('/folder/below/new', { signal }),
    (signal: AbortSignal) => files.write('/folder/below/new', text('y'), { ...CREATE, signal }),
    (signal: AbortSignal) => files.move('/folder/below/file', '/file', { signal }),
    (signal: AbortSignal) => files.setMetadata('/folder/below', { mode: 0o700 }, { signal }),
    (signal: AbortSignal) => files.put('/copy', { cid, name: '' }, { signal }),
  ]
  for (const change of changes) {
    const stop = new AbortController()
    const changing = change(stop.signal)
    const waiting = files.mkdir(`/behind-${changes.indexOf(change)}`)
    stop.abort(reason)
    await expect(changing).rejects.toBe(reason)
    await waiting
  }
  expect(await files.find('/behind-5')).toBeDefined()
})

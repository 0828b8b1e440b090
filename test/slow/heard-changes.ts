// What a child that changes mutable files said was acknowledged, and whether a node has it.
import { readFile, walk } from '@cairn/core'
import type { Node } from '@cairn/node'
import { expect } from 'vitest'
import { LOGS, recordOf, RECORD_BYTES } from './file-records.ts'

/** Acknowledged changes of files-until-killed.ts. */
export class HeardChanges {
  /** The last record of each log. */
  readonly #last = new Map<number, number>()
  #hasToken = false

  /** Logs of which a record was acknowledged. */
  get count(): number {
    return this.#last.size
  }

  /** Takes lines of the child, as words. */
  hear(said: readonly (readonly string[])[]): void {
    for (const [what, log, record] of said) {
      if (what === 'append') this.#last.set(Number(log), Number(record))
      if (what === 'token') this.#hasToken = true
    }
  }

  /** Fails when something is missing, or the tree is not whole. */
  async check(node: Node): Promise<void> {
    await checkWhole(node)
    for (let log = 0; log < LOGS; log++) await checkLog(node, log, this.#last.get(log) ?? -1)
    if (this.#hasToken) await checkToken(node)
  }
}

/** Reads, and so proves, every block below the root. */
async function checkWhole(node: Node): Promise<void> {
  const files = await node.files()
  const { cid } = await files.find('/')
  const isThere = await node.store.size(cid)
  if (isThere === undefined) return
  for await (const _ of walk(node.local, cid));
}

/** All records up to the last acknowledged one are there, and one more perhaps. */
async function checkLog(node: Node, log: number, last: number): Promise<void> {
  if (last < 0) return
  const files = await node.files()
  const { cid } = await files.find(`/logs/${log}`)
  const content = Buffer.concat(await Array.fromAsync(readFile(files.reader, cid)))
  expect(content.length % RECORD_BYTES).toBe(0)
  expect(content.length).toBeGreaterThanOrEqual((last + 1) * RECORD_BYTES)
  for (let record = 0; record * RECORD_BYTES < content.length; record++) {
    const found = content.subarray(record * RECORD_BYTES, (record + 1) * RECORD_BYTES)
    expect(Buffer.compare(found, recordOf(log, record)), `log ${log}, record ${record}`).toBe(0)
  }
}

/** What is moved to and fro is in exactly one place. */
async function checkToken(node: Node): Promise<void> {
  const files = await node.files()
  const found = await Promise.allSettled(['/left/token', '/right/token'].map((path) => files.find(path)))
  expect(found.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
}

// cairn refs: the links of a node, or of everything below it.
import { linksOf, resolvePath, walk } from '@cairn/core'
import { eventCommand } from '../command.ts'

export const refs = eventCommand({
  path: ['refs'],
  summary: 'List the CIDs that a node links to',
  examples: ['cairn refs bafy…', 'cairn refs -r bafy…   each block below it, once'],
  arguments: [{ name: 'path', repeat: true, help: 'CID or path' }],
  options: { recursive: { type: 'flag', short: 'r', help: 'everything below it as well, each CID once' } },
  fetches: true,
  async *run({
    args,
    options: { recursive = false },
    node,
    signal,
  }): AsyncGenerator<{ readonly Ref: string; readonly Err: '' }> {
    const { blocks } = await node()
    for (const path of args) {
      const root = await resolvePath(blocks, path, { signal })
      if (recursive) {
        for await (const { cid, parent } of walk(blocks, root, { visitLeaf: () => Promise.resolve(), signal })) {
          if (parent !== undefined) yield { Ref: cid.toString(), Err: '' }
        }
      } else {
        for (const { cid } of linksOf(await blocks.get(root, { signal }))) yield { Ref: cid.toString(), Err: '' }
      }
    }
  },
  text: ({ Ref }) => Ref,
})

export const refsLocal = eventCommand({
  path: ['refs', 'local'],
  summary: 'List all blocks that are stored here, as raw CIDs',
  examples: ['cairn refs local', 'cairn refs local | wc -l'],
  options: {},
  async *run({ node, signal }): AsyncGenerator<{ readonly Ref: string; readonly Err: '' }> {
    const { store } = await node()
    for await (const { cid } of store.list()) {
      signal.throwIfAborted()
      yield { Ref: cid.toString(), Err: '' }
    }
  },
  text: ({ Ref }) => Ref,
})

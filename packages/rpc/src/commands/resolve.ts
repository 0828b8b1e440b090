// cairn resolve: from a path to the block, or the value in it, that it leads to.
import { findNode, formatCid, parsePath } from '@cairn/core'
import { lastEvent } from './answers.ts'
import { eventCommand, firstArgument } from '../command.ts'

export const resolve = eventCommand({
  path: ['resolve'],
  summary: 'Print the path that a path comes down to: a CID, and what is left below it',
  examples: ['cairn resolve /ipfs/bafy…/folder/file'],
  arguments: [{ name: 'name', isPiped: true, help: 'path, /ipfs/CID/a/b or /ipld/CID/a/b' }],
  options: { recursive: { type: 'flag', short: 'r', help: 'until it is a CID, which is so by default' } },
  fetches: true,
  async *run({ args, node, signal }): AsyncGenerator<{ readonly Path: string }> {
    const path = firstArgument({ args })
    const { namespace } = parsePath(path)
    const { cid, remainder } = await findNode((await node()).blocks, path, { signal })
    yield { Path: ['', namespace, formatCid(cid), ...remainder].join('/') }
  },
  answer: lastEvent,
  text: ({ Path }) => Path,
})

// Commands that run on a node in another process: of the table only `run` differs. Trees are read here, block by block and
// proven against their CIDs, so that what the disk has already is not asked for.
import { identityBlock, verifyBlock, type AbortOptions, type Block, type BlockReader } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { concat } from 'uint8arrays/concat'
import type { Command, CommandInput } from '../command.ts'
import type { RpcClient } from './rpc-client.ts'

/** `command` on the node that `client` reaches. */
export function remoteCommand(command: Command, client: RpcClient): Command {
  if (command.output === 'tree') {
    const reader = new RemoteBlocks(client)
    return { ...command, run: (input) => command.run({ ...input, reader: () => Promise.resolve(reader) }) }
  }
  const call = (input: CommandInput): AsyncGenerator<Uint8Array> =>
    client.call({
      path: command.path,
      query: queryOf(input),
      sources: command.arguments.some(({ kind }) => kind === 'source') ? input.sources : undefined,
      signal: input.signal,
    })
  if (command.output === 'bytes') return { ...command, run: call }
  return { ...command, run: (input) => valuesIn(call(input)) }
}

function queryOf({ args, options }: CommandInput): URLSearchParams {
  const query = new URLSearchParams({ encoding: 'events' })
  for (const arg of args) query.append('arg', arg)
  for (const [name, value] of Object.entries(options)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) query.append(name, String(one))
  }
  return query
}

/** The values of lines of JSON. */
async function* valuesIn(pieces: AsyncIterable<Uint8Array>): AsyncGenerator {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const piece of pieces) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line)
  }
}

/** The blocks of a node in another process, whose word nobody has to take. */
class RemoteBlocks implements BlockReader {
  readonly #client: RpcClient

  constructor(client: RpcClient) {
    this.#client = client
  }

  async get(cid: CID, { signal = new AbortController().signal }: AbortOptions = {}): Promise<Block> {
    const inline = identityBlock(cid)
    if (inline !== undefined) return inline
    const query = new URLSearchParams({ arg: cid.toString(), encoding: 'events' })
    const pieces: Uint8Array[] = []
    for await (const piece of this.#client.call({ path: ['block', 'get'], query, signal })) pieces.push(piece)
    return verifyBlock(cid, concat(pieces))
  }
}

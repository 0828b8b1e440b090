// cairn dag export: a DAG, or what a path names of it, as a CAR.
import { CairnError, exportCar, parseEntityBytes, type DagScope } from '@cairn/core'
import { bytesCommand, firstArgument } from '../command.ts'

const SCOPES: readonly DagScope[] = ['block', 'entity', 'all']

export const dagExport = bytesCommand({
  path: ['dag', 'export'],
  contentType: 'application/vnd.ipld.car',
  summary: 'Write a DAG as a CAR (version 1) to standard output or a file',
  examples: [
    'cairn dag export bafy… > backup.car',
    'cairn dag export -o docs.car bafy…/docs',
    'cairn dag export --dag-scope entity bafy…/docs/a.pdf > a.car   with the blocks that prove the path',
    'cairn dag export --entity-bytes 0:1048575 bafy… > first-mib.car',
  ],
  arguments: [
    { name: 'path', help: 'CID, CID/name, /ipfs/CID/name, ipfs://CID/name or the URL of a gateway', isPiped: true },
  ],
  options: {
    output: {
      type: 'text',
      isLocal: true,
      short: 'o',
      value: 'FILE',
      help: 'write it to this file, which appears once it is whole',
    },
    'dag-scope': {
      type: 'text',
      value: 'SCOPE',
      choices: SCOPES,
      help: 'as gateways have it: the blocks that lead to the end of the path, and its block, its entity or all below',
    },
    'entity-bytes': {
      type: 'text',
      value: 'FROM:TO',
      check: parseEntityBytes,
      help: 'as gateways have it: only the blocks that hold these bytes of a file; TO may be *, negative is from the end',
    },
    'local-only': { type: 'flag', help: 'leave out what is not in this repo; fetches nothing' },
  },
  fetches: true,
  async *run({ args, options, node, signal }) {
    const { 'dag-scope': scope, 'entity-bytes': range, 'local-only': isPartial = false } = options
    if (range !== undefined && scope !== undefined && scope !== 'entity')
      throw new CairnError('INVALID', `Cannot export: --entity-bytes needs --dag-scope entity, not ${scope}`)
    if (isPartial && (range !== undefined || (scope ?? 'all') !== 'all'))
      throw new CairnError('INVALID', 'Cannot export: --local-only is for whole DAGs, not for parts of them')
    const { blocks, local } = await node()
    yield* exportCar(isPartial ? local : blocks, firstArgument({ args }), {
      scope: SCOPES.find((known) => known === scope),
      entityBytes: range === undefined ? undefined : parseEntityBytes(range),
      skipMissing: isPartial,
      signal,
    })
  },
})

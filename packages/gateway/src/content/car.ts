// DAGs as CARs, whole or in parts. Source: ipfs/specs, trustless-gateway.md, IPIP-402, 412, 524.
import { createHash } from 'node:crypto'
import { exportCar, parseEntityBytes, type DagScope, type EntityBytes, type FoundPath } from '@cairn/core'
import type { GatewayAnswer } from './answer.ts'
import { failingWith, HttpFailure } from './failure.ts'
import { MEDIA_TYPES } from '../request/format.ts'
import { matchesAny } from '../request/conditions.ts'
import { cacheControl, contentDisposition, headerText, pathHeaders, type ContentCall } from './call.ts'

/** What a CAR is to hold, and in which form. */
export interface CarParameters {
  readonly scope: DagScope
  readonly entityBytes: EntityBytes | undefined
  /** Whether a block comes as often as it is linked. */
  readonly repeats: boolean
}

/** @throws HttpFailure 400 for values that there are none of */
export function carParameters({
  target: { query },
  wanted: { parameters },
}: Pick<ContentCall, 'target' | 'wanted'>): CarParameters {
  const value = (name: string, own: string): string | null => query.get(`car-${name}`) ?? parameters.get(own) ?? null
  check('version', value('version', 'version'), ['1'])
  check('order', value('order', 'order'), ['dfs', 'unk'])
  const dups = check('dups', value('dups', 'dups'), ['y', 'n'])
  const scope = check('scope', query.get('dag-scope'), ['block', 'entity', 'all'])
  const range = query.get('entity-bytes')
  return {
    scope: range === null ? (scope ?? 'all') : 'entity',
    entityBytes: range === null ? undefined : entityBytes(range),
    repeats: dups === 'y',
  }
}

/** @throws HttpFailure 400 for a range without a byte, else as `exportCar` before its first byte */
export async function serveCar(call: ContentCall, found: FoundPath): Promise<GatewayAnswer> {
  const parameters = carParameters(call)
  const { path, reader, readAhead, request, signal, target } = call
  const { scope, entityBytes: range, repeats } = parameters
  const last = path.names.at(-1)
  const name = target.query.get('filename') ?? `${path.root}${last === undefined ? '' : `_${last}`}.car`
  const headers = {
    ...pathHeaders(call, found),
    ...cacheControl(call),
    Etag: etagOfCar(call, found, parameters),
    'Accept-Ranges': 'none',
    'Content-Disposition': contentDisposition('attachment', name),
    'Content-Type': `${MEDIA_TYPES.car}; version=1; order=dfs; dups=${repeats ? 'y' : 'n'}`,
    'X-Content-Type-Options': 'nosniff',
  }
  if (matchesAny(request.headers.get('if-none-match'), [headers.Etag])) {
    const { 'Content-Disposition': _, 'Content-Type': _type, ...rest } = headers
    return { status: 304, headers: rest }
  }
  const pieces = (): AsyncGenerator<Uint8Array> =>
    exportCar(reader, path, { scope, entityBytes: range, repeats, readAhead: readAhead.share, signal })
  // What fails before the first byte can still be told. What was read for that is not kept until the body is sent.
  const first = pieces()
  try {
    await failingWith({ INVALID: 400 }, () => first.next())
  } finally {
    await first.return(undefined)
  }
  return { status: 200, headers, body: request.method === 'HEAD' ? undefined : readAhead.counted(begunLater(pieces)) }
}

/** An iteration that holds nothing before it begins. */
async function* begunLater(pieces: () => AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  yield* pieces()
}

function etagOfCar({ path }: ContentCall, { cid }: FoundPath, parameters: CarParameters): string {
  const text = JSON.stringify([path.names, String(cid), parameters])
  const digest = createHash('sha256').update(text).digest('base64url').slice(0, 16)
  return headerText(`W/"${path.root}.car.${digest}"`)
}

function check<Value extends string>(name: string, value: string | null, values: readonly Value[]): Value | undefined {
  if (value === null) return undefined
  const found = values.find((known) => known === value)
  if (found === undefined)
    throw new HttpFailure(400, `Cannot make a CAR with ${name} "${value}": it can be ${values.join(', ')}`)
  return found
}

function entityBytes(text: string): EntityBytes {
  try {
    return parseEntityBytes(text)
  } catch (error) {
    throw new HttpFailure(400, error instanceof Error ? error.message : String(error))
  }
}

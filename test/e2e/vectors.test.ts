// The CID vectors through the command line: files and folders on disk, options as a user gives them.
import * as dagCbor from '@ipld/dag-cbor'
import * as dagJson from '@ipld/dag-json'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bytesOf, isAvailable, VECTORS, writeInput, type Vector } from '../vectors/inputs.ts'
import { openPlace, type Place } from './cairn.ts'

let place: Place
let repo: string

beforeAll(async () => {
  place = await openPlace()
  repo = await place.repo('repo')
})

afterAll(() => place[Symbol.asyncDispose]())

describe.concurrent('cairn add -n -Q', () => {
  // Metadata of single entries comes from the disk, where every entry has some.
  const vectors = VECTORS.filter(({ id, op }) => op === undefined && id !== 'own19-dir-mode-mtime-children')
  it.for(vectors.filter(isAvailable).map((vector) => [vector.id, vector] as const))('%s', async ([id, vector]) => {
    const path = place.path(id)
    await writeInput(vector.input, path)
    const output = await place.output(['add', '-n', '-Q', '-r', '--hidden', ...flagsOf(vector), path])
    expect(output).toBe(`${vector.cid}\n`)
  })
})

describe('cairn block put', () => {
  const vectors = VECTORS.filter(({ op }) => op !== undefined)
  it.for(vectors.map((vector) => [vector.id, vector] as const))('%s', async ([, vector]) => {
    const { flags, bytes } = blockOf(vector)
    const output = await place.output(['--repo', repo, 'block', 'put', ...flags, '-'], { input: [bytes] })
    expect(output).toBe(`${vector.cid}\n`)
    const { stdout } = await place.cairn(['--repo', repo, 'block', 'get', vector.cid])
    expect(stdout.equals(bytes)).toBe(true)
  })
})

function flagsOf({ params }: Vector): string[] {
  if (params.profile !== undefined) return ['--profile', params.profile]
  const { cidVersion, rawLeaves, chunker, hash, maxFileLinks, estimation, layout, mode, mtime } = params
  const { hamtThreshold, fanout, inlineLimit } = params
  const flags = ['--cid-version', String(cidVersion), `--raw-leaves=${rawLeaves}`, '--chunker', chunker, '--hash', hash]
  flags.push('--max-file-links', String(maxFileLinks), '--hamt-estimation', estimation)
  if (layout === 'trickle') flags.push('--trickle')
  if (hamtThreshold !== undefined) flags.push('--hamt-threshold', String(hamtThreshold))
  if (fanout !== undefined) flags.push('--max-hamt-fanout', String(fanout))
  if (inlineLimit !== undefined) flags.push('--inline', '--inline-limit', String(inlineLimit))
  if (mode !== undefined) flags.push('--mode', mode)
  if (mtime !== undefined) flags.push('--mtime', String(mtime.seconds))
  return flags
}

function blockOf({ op, input, params }: Vector): { readonly flags: readonly string[]; readonly bytes: Uint8Array } {
  if (input.kind !== 'bytes') throw new TypeError('the vectors put bytes only')
  if (op === 'block-put') return { flags: ['--format', 'v0'], bytes: bytesOf(input) }
  const value = dagJson.decode(bytesOf(input))
  return params.storeCodec === 'dag-json'
    ? { flags: ['--cid-codec', 'dag-json'], bytes: dagJson.encode(value) }
    : { flags: ['--cid-codec', 'dag-cbor'], bytes: dagCbor.encode(value) }
}

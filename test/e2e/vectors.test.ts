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
  // Thresholds and fan-outs of shards come with the profiles; on their own they have no option.
  const vectors = VECTORS.filter(
    ({ op, params }) => op === undefined && params.hamtThreshold === undefined && params.fanout === undefined,
  )
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
  const { cidVersion, rawLeaves, chunker, hash, maxFileLinks, estimation } = params
  const profile = estimation === 'links' ? 'unixfs-v0-2015' : 'unixfs-v1-2025'
  const flags = ['--profile', profile, '--cid-version', String(cidVersion), `--raw-leaves=${rawLeaves}`]
  return flags.concat(['--chunker', chunker, '--hash', hash, '--max-file-links', String(maxFileLinks)])
}

function blockOf({ op, input, params }: Vector): { readonly flags: readonly string[]; readonly bytes: Uint8Array } {
  if (input.kind !== 'bytes') throw new TypeError('the vectors put bytes only')
  if (op === 'block-put') return { flags: ['--format', 'v0'], bytes: bytesOf(input) }
  const value = dagJson.decode(bytesOf(input))
  return params.storeCodec === 'dag-json'
    ? { flags: ['--cid-codec', 'dag-json'], bytes: dagJson.encode(value) }
    : { flags: ['--cid-codec', 'dag-cbor'], bytes: dagCbor.encode(value) }
}

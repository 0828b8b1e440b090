// cairn multibase: bytes as text and back, each text with the letter of its base in front.
import { CairnError } from '@cairn/core'
import type { MultibaseCodec } from 'multiformats/bases/interface'
import { lastEvent } from './answers.ts'
import type { CodeAndName } from './multicodec.ts'
import { readSource } from './whole-source.ts'
import { bytesCommand, eventCommand } from '../command.ts'

const BASE = {
  type: 'text',
  short: 'b',
  value: 'BASE',
  help: 'base64url by default; "cairn multibase list" has all',
} as const

const SOURCE = { name: 'path', kind: 'source', optional: 'piped', help: 'file, standard input by default' } as const

export const multibaseEncode = bytesCommand({
  path: ['multibase', 'encode'],
  summary: 'Write bytes as text in a base',
  examples: ['echo hello | cairn multibase encode -b base16'],
  arguments: [SOURCE],
  options: { base: BASE },
  usesNode: false,
  async *run(input) {
    const { base = 'base64url' } = input.options
    yield Buffer.from((await baseNamed(base)).encoder.encode(await readSource(input)))
  },
})

export const multibaseDecode = bytesCommand({
  path: ['multibase', 'decode'],
  summary: 'Read text in any base back into bytes',
  examples: ['echo uaGVsbG8 | cairn multibase decode'],
  arguments: [SOURCE],
  options: {},
  usesNode: false,
  async *run(input) {
    yield await decodeMultibase(await readSource(input))
  },
})

export const multibaseTranscode = bytesCommand({
  path: ['multibase', 'transcode'],
  summary: 'Write text in one base as text in another',
  examples: ['echo uaGVsbG8 | cairn multibase transcode -b base32'],
  arguments: [SOURCE],
  options: { base: BASE },
  usesNode: false,
  async *run(input) {
    const { base = 'base64url' } = input.options
    yield Buffer.from((await baseNamed(base)).encoder.encode(await decodeMultibase(await readSource(input))))
  },
})

const LIST_OPTIONS = {
  prefix: { type: 'flag', help: 'print the letter in front of such texts as well' },
  numeric: { type: 'flag', help: 'print its number as well' },
} as const

const listBases = {
  options: LIST_OPTIONS,
  usesNode: false,
  async *run(): AsyncGenerator<readonly CodeAndName[]> {
    yield (await allBases()).map(({ name, prefix }) => ({ Code: prefix.codePointAt(0) ?? 0, Name: name }))
  },
  answer: lastEvent,
  text: (
    bases: readonly CodeAndName[],
    { prefix = false, numeric = false }: { readonly prefix?: boolean; readonly numeric?: boolean },
  ) =>
    bases
      .map(({ Code, Name }) => {
        const letter = prefix ? `${Code < 32 ? ' ' : String.fromCodePoint(Code)}  ` : ''
        return `${letter}${numeric ? `${String(Code).padStart(7)}  ` : ''}${Name}`
      })
      .join('\n'),
} as const

export const multibaseList = eventCommand({
  path: ['multibase', 'list'],
  summary: 'List the bases that bytes can be written in',
  examples: ['cairn multibase list --prefix'],
  ...listBases,
})

export const cidBases = eventCommand({
  path: ['cid', 'bases'],
  summary: 'List the bases that a CID can be written in',
  examples: ['cairn cid bases --prefix'],
  ...listBases,
})

/** All bases, loaded only for who asks. */
export async function allBases(): Promise<readonly MultibaseCodec<string>[]> {
  const { bases } = await import('multiformats/basics')
  return Object.values(bases)
}

/** The base called `name`, or with this letter, as in Kubo. @throws UNSUPPORTED for another name */
export async function baseNamed(name: string): Promise<MultibaseCodec<string>> {
  const found = (await allBases()).find((base) => base.name === name || base.prefix === name)
  if (found === undefined)
    throw new CairnError('UNSUPPORTED', `Cannot use base "${name}": "cairn multibase list" has those that there are`)
  return found
}

/** The bytes that a text in any base stands for. @throws INVALID for what is no such text */
export async function decodeMultibase(bytes: Uint8Array): Promise<Uint8Array> {
  const text = Buffer.from(bytes).toString().trim()
  const base = (await allBases()).find(({ prefix }) => text.startsWith(prefix))
  if (base === undefined) throw new CairnError('INVALID', 'Cannot decode: the first letter names no base')
  try {
    return base.decoder.decode(text)
  } catch (cause) {
    throw new CairnError('INVALID', `Cannot decode as ${base.name}: ${String(cause)}`, { cause })
  }
}

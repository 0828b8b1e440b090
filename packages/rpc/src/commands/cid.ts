// cairn cid: what a CID consists of, and the same in another form. Source: kubo core/commands/cid.go, go-cidutil format.go.
import { CairnError, CODEC_NAMES, isCairnError, parseCid } from '@cairn/core'
import { CID } from 'multiformats/cid'
import { lastEvent } from './answers.ts'
import { allBases, baseNamed } from './multibase.ts'
import { CODECS, HASHES, nameOf, type CodeAndName } from './multicodec.ts'
import { eventCommand, firstArgument } from '../command.ts'
import type { OptionSpecs, OptionValues } from './option-spec.ts'

/** As Kubo's: one of the last two is empty. */
export interface FormatEvent {
  readonly CidStr: string
  readonly Formatted: string
  readonly ErrorMsg: string
}

const CIDS = [{ name: 'cid', repeat: true, isPiped: true, help: 'CIDs in any form' }] as const

const FORMAT_OPTIONS = {
  format: {
    type: 'text',
    short: 'f',
    value: 'FORMAT',
    help: '%s by default: %b base, %v version, %c codec, %h hash, %L length, %d digest, %m multihash, %P prefix, %s CID; capitals: numbers, or with the letter of the base',
  },
  'to-version': { type: 'text', short: 'v', value: 'VERSION', choices: ['0', '1'], help: 'CID version to convert to' },
  mc: { type: 'text', value: 'CODEC', help: 'codec to convert to' },
  base: { type: 'text', short: 'b', value: 'BASE', help: 'base to print in' },
} as const satisfies OptionSpecs

type FormatOptions = OptionValues<typeof FORMAT_OPTIONS>

export const cidFormat = eventCommand({
  path: ['cid', 'format'],
  summary: 'Print CIDs in another form, or parts of them',
  examples: ['cairn cid format -v 1 -b base36 QmW…', "cairn cid format -f '%c %h' bafy…"],
  arguments: CIDS,
  options: FORMAT_OPTIONS,
  usesNode: false,
  async *run({ args, options }) {
    yield* formatAll(args, options)
  },
  text: lineOf,
})

export const cidBase32 = eventCommand({
  path: ['cid', 'base32'],
  summary: 'Print CIDs as version 1 in base32',
  examples: ['cairn cid base32 QmW…'],
  arguments: CIDS,
  options: {},
  usesNode: false,
  async *run({ args }) {
    yield* formatAll(args, { 'to-version': '1', base: 'base32' })
  },
  text: lineOf,
})

export const cidInspect = eventCommand({
  path: ['cid', 'inspect'],
  summary: 'Print all parts of a CID',
  examples: ['cairn cid inspect bafy…'],
  arguments: [{ name: 'cid', help: 'CID in any form' }],
  options: {},
  usesNode: false,
  async *run({ args }) {
    const text = firstArgument({ args })
    const cid = parseCid(text)
    const base = await baseOf(text, cid)
    const { code, size, digest } = cid.multihash
    yield {
      cid: text,
      version: cid.version,
      multibase: { prefix: cid.version === 0 ? '' : base.prefix, name: base.name },
      multicodec: { code: cid.code, name: nameOf(CODECS, cid.code) },
      multihash: { code, name: nameOf(HASHES, code), length: size, digest: Buffer.from(digest).toString('hex') },
      cidV0: isForV0(cid) ? cid.toV0().toString() : '',
      cidV1: cid.toV1().toString(),
    }
  },
  answer: lastEvent,
  text: ({ cid, version, multibase, multicodec, multihash, cidV0, cidV1 }) =>
    [
      `CID:        ${cid}`,
      `Version:    ${version}`,
      `Multibase:  ${multibase.name}${multibase.prefix === '' ? ' (implicit)' : ` (${multibase.prefix})`}`,
      `Multicodec: ${multicodec.name} (0x${multicodec.code.toString(16)})`,
      `Multihash:  ${multihash.name} (0x${multihash.code.toString(16)})`,
      `  Length:   ${multihash.length} bytes`,
      `  Digest:   ${multihash.digest}`,
      ...(cidV0 === '' ? [] : [`CIDv0:      ${cidV0}`]),
      `CIDv1:      ${cidV1}`,
    ].join('\n'),
})

const TABLE_OPTIONS = {
  numeric: { type: 'flag', short: 'n', help: 'print the numbers as well' },
  supported: { type: 'flag', short: 's', help: 'only those that Cairn can look into' },
} as const satisfies OptionSpecs

export const cidCodecs = eventCommand({
  path: ['cid', 'codecs'],
  summary: 'List the codecs that a CID can name',
  examples: ['cairn cid codecs --numeric'],
  options: TABLE_OPTIONS,
  usesNode: false,
  async *run({ options: { supported = false } }): AsyncGenerator<readonly CodeAndName[]> {
    yield CODECS.filter(({ Name }) => !supported || CODEC_NAMES.some((name) => name === Name))
  },
  answer: lastEvent,
  text: tableText,
})

export const cidHashes = eventCommand({
  path: ['cid', 'hashes'],
  summary: 'List the hash functions that a CID can name',
  examples: ['cairn cid hashes --numeric'],
  options: TABLE_OPTIONS,
  usesNode: false,
  async *run(): AsyncGenerator<readonly CodeAndName[]> {
    yield HASHES
  },
  answer: lastEvent,
  text: tableText,
})

function tableText(rows: readonly CodeAndName[], { numeric = false }: OptionValues<typeof TABLE_OPTIONS>): string {
  return rows.map(({ Code, Name }) => (numeric ? `${String(Code).padStart(5)}  ${Name}` : Name)).join('\n')
}

function lineOf({ CidStr, Formatted, ErrorMsg }: FormatEvent): string {
  return ErrorMsg === '' ? Formatted : `${CidStr}: ${ErrorMsg}`
}

/** One that does not convert says so in its place, and the others go on. @throws INVALID for a format that does not read */
async function* formatAll(texts: readonly string[], options: FormatOptions): AsyncGenerator<FormatEvent> {
  const { format = '%s', base } = options
  if (!/^(?:[^%]|%[%bBvVcChHLmMdDsSP])*$/.test(format) || !format.includes('%'))
    throw new CairnError('INVALID', `Cannot use the format "${format}"`)
  if (base !== undefined) await baseNamed(base)
  for (const text of texts) {
    try {
      const cid = converted(parseCid(text), options)
      yield { CidStr: text, Formatted: await filled(format, cid, await shownBase(text, cid, base)), ErrorMsg: '' }
    } catch (error) {
      if (!isCairnError(error)) throw error
      yield { CidStr: text, Formatted: '', ErrorMsg: error.message }
    }
  }
}

function converted(cid: CID, { 'to-version': version, mc, base }: FormatOptions): CID {
  const code = mc === undefined ? cid.code : CODECS.find(({ Name }) => Name === mc)?.Code
  if (code === undefined) throw new CairnError('UNSUPPORTED', `Cannot use codec "${mc}"`)
  const recoded = code === cid.code ? cid : CID.createV1(code, cid.multihash)
  if (version === '1' || (version === undefined && base !== undefined)) return recoded.toV1()
  if (version === undefined) return recoded
  if (!isForV0(recoded) || (base !== undefined && base !== 'base58btc'))
    throw new CairnError('INVALID', `Cannot write ${cid} as version 0: that is dag-pb with sha2-256 in base58btc`)
  return recoded.toV0()
}

function isForV0({ code, multihash }: CID): boolean {
  return code === 0x70 && multihash.code === 0x12 && multihash.size === 32
}

type Base = Awaited<ReturnType<typeof baseNamed>>

async function shownBase(text: string, cid: CID, base: string | undefined): Promise<Base> {
  return base === undefined ? baseOf(text, cid) : baseNamed(base)
}

async function baseOf(text: string, cid: CID): Promise<Base> {
  if (cid.version === 0 || text.startsWith('Qm')) return baseNamed(cid.version === 0 ? 'base58btc' : 'base32')
  return (await allBases()).find(({ prefix }) => text.startsWith(prefix)) ?? baseNamed('base32')
}

async function filled(format: string, cid: CID, base: Base): Promise<string> {
  const { code, size, digest, bytes } = cid.multihash
  // `encode` puts the letter of the base in front.
  const bare = (value: Uint8Array): string => base.encoder.encode(value).slice(base.prefix.length)
  const [codec, hash] = [nameOf(CODECS, cid.code), nameOf(HASHES, code)]
  const text = cid.version === 0 ? cid.toString() : base.encoder.encode(cid.bytes)
  const parts: Readonly<Record<string, string>> = {
    '%': '%',
    b: base.name,
    B: base.prefix,
    v: `cidv${cid.version}`,
    V: String(cid.version),
    c: codec,
    C: String(cid.code),
    h: hash,
    H: String(code),
    L: String(size),
    m: bare(bytes),
    M: base.encoder.encode(bytes),
    d: bare(digest),
    D: base.encoder.encode(digest),
    s: text,
    S: cid.version === 0 ? text : bare(cid.bytes),
    P: `cidv${cid.version}-${codec}-${hash}-${size}`,
  }
  return format.replaceAll(/%(.)/gs, (_, letter: string) => parts[letter] ?? '')
}

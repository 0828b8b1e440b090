// cairn key: the keys of this repo beside its identity, which is one of them by the name of self.
// Source: kubo core/commands/keystore.go.
import { CairnError } from '@cairn/core'
import type { Keystore, NamedKey } from '@cairn/node'
import { lastEvent } from './answers.ts'
import { baseNamed, decodeMultibase } from './multibase.ts'
import { idForm } from './peer-form.ts'
import { readSource } from './whole-source.ts'
import { bytesCommand, eventCommand, firstArgument } from '../command.ts'
import type { OptionSpecs, OptionValues } from './option-spec.ts'

/** As Kubo's. */
export interface KeyEntry {
  readonly Name: string
  readonly Id: string
}

const ID_OPTIONS = {
  'ipns-base': {
    type: 'text',
    value: 'BASE',
    help: 'how ids are written: b58mh, as peer ids are, or the base of a CID; base36 by default',
  },
} as const satisfies OptionSpecs

const FORMATS = ['libp2p-protobuf-cleartext', 'pem-pkcs8-cleartext'] as const

const FORMAT = {
  type: 'text',
  short: 'f',
  value: 'FORMAT',
  choices: FORMATS,
  help: 'how the private key is written; libp2p-protobuf-cleartext by default',
} as const

const KEY = { type: 'text', short: 'k', value: 'KEY', help: 'name of the key; self by default' } as const

const TYPES = ['ed25519', 'rsa', 'secp256k1'] as const

export const keyGen = eventCommand({
  path: ['key', 'gen'],
  summary: 'Make a key and print its id',
  examples: ['cairn key gen work', 'cairn key gen --type rsa --size 4096 old-peers'],
  arguments: [{ name: 'name', help: 'what it is called here' }],
  options: {
    type: { type: 'text', short: 't', value: 'TYPE', choices: TYPES, help: 'ed25519 by default' },
    size: { type: 'count', short: 's', value: 'BITS', help: 'of an RSA key; 2048 by default' },
    ...ID_OPTIONS,
  },
  async *run({ args, options, repo }): AsyncGenerator<KeyEntry> {
    const idOf = await idWriter(options)
    const type = TYPES.find((known) => known === options.type) ?? 'ed25519'
    const { keys } = await repo()
    const made = await keys.generate(firstArgument({ args }), {
      type,
      ...(options.size !== undefined && { bits: options.size }),
    })
    yield idOf(made)
  },
  answer: lastEvent,
  text: ({ Id }) => Id,
})

export const keyList = eventCommand({
  path: ['key', 'list'],
  aliases: [['key', 'ls']],
  summary: 'List the keys of this repo',
  examples: ['cairn key list', 'cairn key list -l   with their ids'],
  options: { l: { type: 'flag', help: 'print ids as well' }, ...ID_OPTIONS },
  async *run({ options, repo }): AsyncGenerator<KeysEvent> {
    const idOf = await idWriter(options)
    yield { Keys: (await (await repo()).keys.list()).map(idOf) }
  },
  answer: lastEvent,
  text: keyLines,
})

export const keyRename = eventCommand({
  path: ['key', 'rename'],
  summary: 'Give a key another name',
  examples: ['cairn key rename work home', 'cairn key rename --force work home   also where there is one, which goes'],
  arguments: [
    { name: 'name', help: 'name of the key' },
    { name: 'new-name', help: 'what it is to be called' },
  ],
  options: { force: { type: 'flag', short: 'f', help: 'put it in the place of another key' }, ...ID_OPTIONS },
  async *run({ args, options, repo }) {
    const idOf = await idWriter(options)
    const [from = '', to = ''] = args
    const renamed = await (await repo()).keys.rename(from, to, { force: options.force === true })
    yield { Was: from, Now: to, Id: idOf(renamed).Id, Overwrite: renamed.isOverwritten }
  },
  answer: lastEvent,
  text: ({ Id, Now, Overwrite }) => `Key ${Id} renamed to ${Now}${Overwrite ? ' with overwriting' : ''}`,
})

export const keyRm = eventCommand({
  path: ['key', 'rm'],
  summary: 'Delete keys, for good',
  examples: ['cairn key rm work'],
  arguments: [{ name: 'name', repeat: true, help: 'name of a key' }],
  options: { l: { type: 'flag', help: 'print ids as well' }, ...ID_OPTIONS },
  async *run({ args, options, repo }): AsyncGenerator<KeysEvent> {
    const idOf = await idWriter(options)
    yield { Keys: (await (await repo()).keys.remove(args)).map(idOf) }
  },
  answer: lastEvent,
  text: keyLines,
})

export const keyImport = eventCommand({
  path: ['key', 'import'],
  summary: 'Take a private key into this repo and print its id',
  examples: ['cairn key import work work.key', 'cairn key import --format pem-pkcs8-cleartext work work.pem'],
  arguments: [
    { name: 'name', help: 'what it is called here' },
    { name: 'key', kind: 'source', help: 'file with the private key; - is standard input' },
  ],
  options: {
    format: FORMAT,
    'allow-any-key-type': { type: 'flag', help: 'take others than Ed25519 and RSA' },
    ...ID_OPTIONS,
  },
  async *run(input): AsyncGenerator<KeyEntry> {
    const { options, repo } = input
    const idOf = await idWriter(options)
    const { keys } = await repo()
    const bytes = await readSource(input)
    const anyType = options['allow-any-key-type'] === true
    yield idOf(await keys.import(firstArgument(input), { bytes, format: formatOf(options.format), anyType }))
  },
  answer: lastEvent,
  text: ({ Id }) => Id,
})

export const keyExport = bytesCommand({
  path: ['key', 'export'],
  summary: 'Write a private key to a file. Whoever has it can speak in its name',
  examples: ['cairn key export work   to work.key', 'cairn key export -f pem-pkcs8-cleartext -o - work'],
  arguments: [{ name: 'name', help: 'name of the key' }],
  options: {
    output: {
      type: 'text',
      isLocal: true,
      short: 'o',
      value: 'FILE',
      help: 'where to write it; by default its name with .key or .pem, and - is standard output',
    },
    format: FORMAT,
  },
  // As in Kubo: no private key leaves over HTTP.
  isLocal: true,
  usesNode: false,
  fileMode: 0o600,
  fileName: ({ args, options: { format } }) =>
    `${firstArgument({ args })}.${formatOf(format) === 'pem-pkcs8-cleartext' ? 'pem' : 'key'}`,
  async *run({ args, options, repo }) {
    yield await (await repo()).keys.export(firstArgument({ args }), formatOf(options.format))
  },
})

export const keySign = eventCommand({
  path: ['key', 'sign'],
  summary: 'Sign bytes, so that others can prove who has said them',
  examples: ['echo hello | cairn key sign --key work'],
  arguments: [{ name: 'data', kind: 'source', optional: 'piped', help: 'file to sign, standard input by default' }],
  options: { key: KEY, ...ID_OPTIONS },
  async *run(input) {
    const { key = 'self', ...options } = input.options
    const idOf = await idWriter(options)
    const signed = await (await input.repo()).keys.sign(key, await readSource(input))
    yield { Key: idOf(signed), Signature: (await baseNamed('base64url')).encoder.encode(signed.signature) }
  },
  answer: lastEvent,
  text: ({ Signature }) => Signature,
})

export const keyVerify = eventCommand({
  path: ['key', 'verify'],
  summary: 'Tell whether a signature is that of a key for these bytes',
  examples: ['echo hello | cairn key verify --key k51… --signature u…'],
  arguments: [
    { name: 'data', kind: 'source', optional: 'piped', help: 'file that was signed, standard input by default' },
  ],
  options: {
    key: { ...KEY, help: 'name of the key, or the id of one that is not here; self by default' },
    signature: { type: 'text', short: 's', value: 'TEXT', help: 'as "cairn key sign" prints it' },
    ...ID_OPTIONS,
  },
  async *run(input) {
    const { key = 'self', signature, ...options } = input.options
    if (signature === undefined) throw new CairnError('INVALID', 'Cannot verify: name the signature with --signature')
    const idOf = await idWriter(options)
    const { keys } = await input.repo()
    const bytes = await decodeMultibase(Buffer.from(signature))
    const verified = await keys.verify(key, await readSource(input), bytes)
    yield { Key: idOf(verified), SignatureValid: verified.isValid }
  },
  answer: lastEvent,
  text: ({ SignatureValid }) => `Signature is ${SignatureValid ? '' : 'not '}valid`,
})

export interface KeysEvent {
  readonly Keys: readonly KeyEntry[]
}

function keyLines({ Keys }: KeysEvent, { l: withIds = false }: { readonly l?: boolean }): string | undefined {
  return Keys.length === 0 ? undefined : Keys.map(({ Name, Id }) => (withIds ? `${Id} ${Name}` : Name)).join('\n')
}

/** Writes ids as the options say. @throws UNSUPPORTED for a base that there is not */
async function idWriter({
  'ipns-base': name = 'base36',
}: OptionValues<typeof ID_OPTIONS>): Promise<(key: NamedKey) => KeyEntry> {
  const formed = await idForm(name)
  return (key) => ({ Name: key.name, Id: formed(key.multihash) })
}

function formatOf(text: string | undefined): Parameters<Keystore['export']>[1] {
  return FORMATS.find((known) => known === text) ?? 'libp2p-protobuf-cleartext'
}

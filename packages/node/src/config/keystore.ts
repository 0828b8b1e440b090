// The keys of a repo: its identity, which is called `self` and stands in the config, and others in the folder `keystore`, a file each.
// Names and content of the files are those of Kubo: boxo keystore/keystore.go.
import { randomUUID } from 'node:crypto'
import { link, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CairnError, isCairnError, systemError } from '@cairn/core'
import type { IdentityConfig } from '@cairn/network/identity'
import type { KeyFormat, KeyType, SigningKey, VerifyingKey } from '@cairn/network/keys'
import { base32 } from 'multiformats/bases/base32'
import { KEY_NAME_BYTES_MAX } from '../limits.ts'
import { syncFolder, writeSynced } from './durable-file.ts'

/** A key as others may know it. */
export interface NamedKey {
  readonly name: string
  /** Multihash of the public key: the bytes of its peer id. */
  readonly multihash: Uint8Array
}

/** What became of a key that was renamed. */
export interface RenamedKey extends NamedKey {
  /** Whether another one had the name before, which is gone. */
  readonly isOverwritten: boolean
}

const SELF = 'self'
const FOLDER = 'keystore'
const PREFIX = 'key_'

/** What every message begins with that is signed by name, so that none is taken for something else. Source: kubo core/coreapi/key.go. */
const SIGNED_PREFIX = Buffer.from('libp2p-key signed message:')

/** Keys by name. What is changed is on the disk when a call resolves, whole or not at all. */
export class Keystore {
  readonly #folder: string
  readonly #repoPath: string
  readonly #identity: IdentityConfig

  /** @param repoPath folder of the repo */
  constructor(repoPath: string, identity: IdentityConfig) {
    this.#repoPath = repoPath
    this.#folder = join(repoPath, FOLDER)
    this.#identity = identity
  }

  /** All keys: `self`, then the others by name. @throws CORRUPT for a file that holds no key */
  async list(): Promise<NamedKey[]> {
    const names = (await this.#files()).flatMap((file) => nameOf(file) ?? []).toSorted()
    return Promise.all([SELF, ...names].map(async (name) => named(name, await this.#key(name))))
  }

  /** Makes a key; `bits` counts for RSA alone. @throws CONFLICT when the name is taken, INVALID for one that cannot be */
  async generate(name: string, { type, bits }: { readonly type: KeyType; readonly bits?: number }): Promise<NamedKey> {
    refuseSelf('make', name)
    await this.#requireFree(name)
    const { generateKey } = await loadKeys()
    return this.#store(name, await generateKey(type, bits))
  }

  /** Takes a key in; others than Ed25519 and RSA only if told to. @throws as `generate` */
  async import(
    name: string,
    { bytes, format, anyType }: { readonly bytes: Uint8Array; readonly format: KeyFormat; readonly anyType: boolean },
  ): Promise<NamedKey> {
    refuseSelf('import', name)
    await this.#requireFree(name)
    const { readKey } = await loadKeys()
    const key = readKey(bytes, format)
    if (!anyType && key.type !== 'ed25519' && key.type !== 'rsa')
      throw new CairnError('INVALID', `Cannot import a key of type ${key.type} unless allow-any-key-type says so`)
    return this.#store(name, key)
  }

  /** The private key called `name`. @throws NOT_FOUND */
  async export(name: string, format: KeyFormat): Promise<Uint8Array> {
    const { writeKey } = await loadKeys()
    return writeKey(await this.#key(name), format)
  }

  /** @throws NOT_FOUND, CONFLICT when the new name is taken and may not be */
  async rename(from: string, to: string, { force }: { readonly force: boolean }): Promise<RenamedKey> {
    refuseSelf('rename', from)
    refuseSelf('overwrite', to)
    checkName(to)
    const key = await this.#key(from)
    const isOverwritten = from !== to && (await this.#has(to))
    if (isOverwritten && !force) throw taken(to)
    if (from !== to) {
      const [old, next] = [this.#pathOf(from), this.#pathOf(to)]
      await this.#change(`rename key "${from}"`, async () => {
        if (force) return rename(old, next)
        // Unlike a rename this never takes the place of one that came meanwhile.
        await link(old, next)
        await rm(old)
      })
    }
    return { ...named(to, key), isOverwritten }
  }

  /** Deletes keys, all or, where one is missing, none. @throws NOT_FOUND */
  async remove(names: readonly string[]): Promise<NamedKey[]> {
    for (const name of names) refuseSelf('remove', name)
    const removed = await Promise.all(names.map(async (name) => named(name, await this.#key(name))))
    await this.#change('remove keys', async () => {
      for (const name of names) await rm(this.#pathOf(name), { force: true })
    })
    return removed
  }

  /** Signs `data` with the key called `name`, in a form of its own that no other protocol takes. @throws NOT_FOUND */
  async sign(name: string, data: Uint8Array): Promise<NamedKey & { readonly signature: Uint8Array }> {
    const key = await this.#key(name)
    return { ...named(name, key), signature: await key.sign(Buffer.concat([SIGNED_PREFIX, data])) }
  }

  /** Whether `signature` is that of `data`, by the key of this name or, where there is none, by the one in this peer id. */
  async verify(
    name: string,
    data: Uint8Array,
    signature: Uint8Array,
  ): Promise<NamedKey & { readonly isValid: boolean }> {
    const key: VerifyingKey =
      name === SELF || (await this.#has(name)) ? await this.#key(name) : (await loadKeys()).keyInPeerId(name)
    return { ...named(name, key), isValid: await key.verify(Buffer.concat([SIGNED_PREFIX, data]), signature) }
  }

  async #key(name: string): Promise<SigningKey> {
    const { readKey } = await loadKeys()
    if (name === SELF) return readKey(Buffer.from(this.#identity.PrivKey, 'base64'))
    const path = this.#pathOf(name)
    const bytes = await readFile(path).catch((cause: unknown) => {
      const error = systemError(`read key "${name}"`, cause)
      throw isCairnError(error, 'NOT_FOUND') ? new CairnError('NOT_FOUND', `Cannot find a key called "${name}"`) : error
    })
    try {
      return readKey(bytes)
    } catch (cause) {
      throw new CairnError('CORRUPT', `Cannot read key "${name}": ${path} holds no key`, { cause })
    }
  }

  async #store(name: string, key: SigningKey): Promise<NamedKey> {
    await this.#change(`store key "${name}"`, async () => {
      const part = join(this.#folder, `part-${randomUUID()}`)
      try {
        await writeSynced(part, key.bytes)
        await link(part, this.#pathOf(name)).catch((cause: unknown) => {
          const error = systemError('', cause)
          throw isCairnError(error, 'CONFLICT') ? taken(name) : error
        })
      } finally {
        await rm(part, { force: true })
      }
    })
    return named(name, key)
  }

  async #change(action: string, change: () => Promise<void>): Promise<void> {
    try {
      await mkdir(this.#folder, { mode: 0o700 }).then(
        () => syncFolder(this.#repoPath),
        () => undefined, // it is there, or the change fails
      )
      await change()
      await syncFolder(this.#folder)
    } catch (cause) {
      throw systemError(action, cause)
    }
  }

  async #files(): Promise<readonly string[]> {
    return readdir(this.#folder).catch((cause: unknown) => {
      const error = systemError('list the keys', cause)
      if (isCairnError(error, 'NOT_FOUND')) return []
      throw error
    })
  }

  async #has(name: string): Promise<boolean> {
    return (await this.#files()).includes(fileOf(name))
  }

  async #requireFree(name: string): Promise<void> {
    checkName(name)
    if (await this.#has(name)) throw taken(name)
  }

  #pathOf(name: string): string {
    return join(this.#folder, fileOf(name))
  }
}

function loadKeys() {
  return import('@cairn/network/keys')
}

function named(name: string, { multihash }: VerifyingKey): NamedKey {
  return { name, multihash }
}

function fileOf(name: string): string {
  return `${PREFIX}${base32.baseEncode(Buffer.from(name))}`
}

/** The name of the key in a file, `undefined` for a file that is none of ours. */
function nameOf(file: string): string | undefined {
  if (!file.startsWith(PREFIX)) return undefined
  try {
    return Buffer.from(base32.baseDecode(file.slice(PREFIX.length))).toString()
  } catch {
    return undefined
  }
}

function checkName(name: string): void {
  const bytes = Buffer.byteLength(name)
  if (bytes === 0) throw new CairnError('INVALID', 'Cannot name a key: a name has at least one character')
  if (bytes > KEY_NAME_BYTES_MAX)
    throw new CairnError('LIMIT', `Cannot name a key: a name has at most ${KEY_NAME_BYTES_MAX} bytes`)
}

function taken(name: string): CairnError {
  return new CairnError('CONFLICT', `Cannot use the name "${name}": key with name '${name}' already exists`)
}

function refuseSelf(action: string, name: string): void {
  if (name === SELF)
    throw new CairnError('INVALID', `Cannot ${action} key "${SELF}": cannot ${action} key with name '${SELF}'`)
}

// The config file of a repo, setting by setting. A key is the names of sections and setting with dots between them, as Kubo
// has it. The private key and the secrets of the RPC are neither shown nor changed.
import { unwatchFile, watchFile } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { CairnError, systemError } from '@cairn/core'
import type { ApiAuthorization } from './api-config.ts'
import { identityOf, parseConfig, type Config } from './config.ts'
import { CONFIG_LOOK_MS } from '../limits.ts'
import { writeDurably } from './durable-file.ts'
import { isProfile, PROFILES } from './profiles.ts'

type Section = Record<string, unknown>

/** A config before a change and after it, without the private key and the secrets of the RPC. */
export interface ConfigChange {
  readonly before: Readonly<Record<string, unknown>>
  readonly after: Readonly<Record<string, unknown>>
}

/** Reads and changes one config file. What is changed counts for whoever opens the repo from then on. */
export class Settings {
  readonly #path: string

  /** @param path of the file */
  constructor(path: string) {
    this.#path = path
  }

  get path(): string {
    return this.#path
  }

  /** Calls `onChange` whenever the file has changed, within a second, until the function that it gives is called. */
  watch(onChange: () => void): () => void {
    watchFile(this.#path, { interval: CONFIG_LOOK_MS, persistent: false }, onChange)
    return () => unwatchFile(this.#path, onChange)
  }

  /** The settings as a node reads them. @throws INVALID for a damaged file */
  async parsed(): Promise<Config> {
    return parseConfig(JSON.stringify(await this.#read()))
  }

  /** Everything but the private key and the secrets of the RPC, also settings that this version does not know. @throws INVALID for a damaged file */
  async show(): Promise<Section> {
    return withoutPrivate(await this.#read())
  }

  /** The value of `key`, a section or a setting. @throws NOT_FOUND when it is not set, DENIED for the private key */
  async get(key: string): Promise<unknown> {
    refusePrivate('show', key)
    const value = valueIn(await this.#read(), key.split('.'))
    if (value === undefined) throw new CairnError('NOT_FOUND', `Cannot show "${key}": it is not set in the config`)
    return value
  }

  /**
   * Sets `key` to a value of JSON, durably; `null` removes it. A key that this version does not know is set as well, for it may
   * mean something to another program.
   *
   * @returns whether this version knows the key
   * @throws INVALID for a value that it does not take, DENIED for the private key
   */
  async set(key: string, value: unknown): Promise<boolean> {
    refusePrivate('change', key)
    const config = await this.#read()
    const names = key.split('.')
    if (names.some((part) => part === '' || part === '__proto__'))
      throw new CairnError('INVALID', `Cannot change "${key}": it is no name of a setting`)
    const name = names.pop() ?? ''
    let section = config
    for (const above of names) {
      const next = sectionIn(section, above) ?? {}
      section[above] = next
      section = next
    }
    if (value === null) delete section[name]
    else section[name] = value
    const known = await this.#write(config)
    return value === null || valueIn(known, key.split('.')) !== undefined
  }

  /**
   * Replaces everything but what `show` leaves out, durably.
   *
   * @returns the keys that this version does not know, and keeps
   * @throws INVALID for what is no config or of another identity, DENIED when that is in it
   */
  async replace(text: string): Promise<readonly string[]> {
    const config = readJson(text)
    const [identity, api] = [sectionIn(config, 'Identity') ?? {}, sectionIn(config, 'API') ?? {}]
    if ([...Object.keys(identity), ...Object.keys(api)].some((name) => /^(privkey|authorizations)$/i.test(name)))
      throw new CairnError(
        'DENIED',
        'Cannot replace the config: it is to have neither a private key nor secrets of the RPC',
      )
    const before = await this.#read()
    const kept = sectionIn(before, 'API')?.['Authorizations']
    const after = {
      ...config,
      Identity: { ...sectionIn(before, 'Identity'), ...identity },
      ...(kept !== undefined && { API: { ...api, Authorizations: kept } }),
    }
    return unknownIn(config, await this.#write(after))
  }

  /**
   * Applies a profile, durably unless it is only tried.
   *
   * @throws INVALID for a name of none, or a config that does not read afterwards
   */
  async applyProfile(name: string, { isTrial = false }: { readonly isTrial?: boolean } = {}): Promise<ConfigChange> {
    if (!isProfile(name)) {
      const names = Object.keys(PROFILES).join(', ')
      throw new CairnError('INVALID', `Cannot apply profile "${name}": there are ${names}`)
    }
    const before = await this.#read()
    const after = { ...PROFILES[name](before) }
    if (isTrial) parseConfig(JSON.stringify(after))
    else await this.#write(after)
    return { before: withoutPrivate(before), after: withoutPrivate(after) }
  }

  /**
   * Sets what a secret of the RPC opens, durably, by the name that the secret has in the config; `undefined` takes it out.
   *
   * @throws CONFLICT when there is one of this name already, NOT_FOUND when there is none to take out
   */
  async setAuthorization(name: string, row: ApiAuthorization | undefined): Promise<void> {
    const config = await this.#read()
    const api = sectionIn(config, 'API') ?? {}
    const rows = sectionIn(api, 'Authorizations') ?? {}
    const isThere = Object.hasOwn(rows, name)
    if (row !== undefined && isThere)
      throw new CairnError('CONFLICT', `Cannot make a token: there is one of the name "${name}"`)
    if (row === undefined && !isThere)
      throw new CairnError('NOT_FOUND', `Cannot remove a token: there is none of the name "${name}"`)
    const others = Object.entries(rows).filter(([other]) => other !== name)
    const Authorizations = Object.fromEntries([...others, ...(row === undefined ? [] : [[name, row] as const])])
    await this.#write({ ...config, API: { ...api, Authorizations } })
  }

  /** @throws INVALID for a config that does not read */
  async #write(config: Section): Promise<Config> {
    const text = `${JSON.stringify(config, null, 2)}\n`
    const known = parseConfig(text)
    identityOf(known)
    await writeDurably(this.#path, text).catch((cause: unknown) => {
      throw systemError(`change ${this.#path}`, cause)
    })
    return known
  }

  async #read(): Promise<Section> {
    const text = await readFile(this.#path, 'utf8').catch((cause: unknown) => {
      throw systemError(`read ${this.#path}`, cause)
    })
    parseConfig(text)
    const config: unknown = JSON.parse(text)
    return isSection(config) ? config : {}
  }
}

function withoutPrivate(config: Section): Section {
  const { PrivKey: _, ...identity } = sectionIn(config, 'Identity') ?? {}
  const { Authorizations: _secrets, ...api } = sectionIn(config, 'API') ?? {}
  return { ...config, Identity: identity, ...(config['API'] !== undefined && { API: api }) }
}

function readJson(text: string): Section {
  try {
    const value: unknown = JSON.parse(text)
    if (isSection(value)) return value
  } catch (cause) {
    throw new CairnError('INVALID', `Cannot read the config: ${String(cause)}`, { cause })
  }
  throw new CairnError('INVALID', 'Cannot read the config: it is no object')
}

/** Keys of settings in `config` that are not in `known`, as far as there are sections in both. */
function unknownIn(config: Section, known: object): string[] {
  const read = known as Section
  return Object.entries(config).flatMap(([name, value]): string[] => {
    const inside = read[name]
    if (inside === undefined) return [name]
    if (!isSection(value) || !isSection(inside)) return []
    return unknownIn(value, inside).map((below) => `${name}.${below}`)
  })
}

/** Kubo refuses the whole section as well. */
function refusePrivate(action: string, key: string): void {
  const name = key.toLowerCase()
  if (name === 'identity' || name === 'identity.privkey' || name.startsWith('identity.privkey.'))
    throw new CairnError('DENIED', `Cannot ${action} "${key}": it is, or holds, the private key`)
  // Else whoever has a secret that opens the config would have all that the others open.
  if (name === 'api' || /^api\.authorizations(\.|$)/.test(name))
    throw new CairnError('DENIED', `Cannot ${action} "${key}": it is, or holds, secrets; edit the file of the config`)
}

function valueIn(section: unknown, names: readonly string[]): unknown {
  const [name, ...below] = names
  if (name === undefined) return section
  return isSection(section) && Object.hasOwn(section, name) ? valueIn(section[name], below) : undefined
}

function sectionIn(section: Section, name: string): Section | undefined {
  const found = Object.hasOwn(section, name) ? section[name] : undefined
  return isSection(found) ? found : undefined
}

function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

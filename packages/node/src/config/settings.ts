// The config file of a repo, setting by setting. A key is the names of sections and setting with dots between them, as Kubo
// has it. The private key and the secrets of the RPC are neither shown nor changed.
import { readFile } from 'node:fs/promises'
import { CairnError, systemError } from '@cairn/core'
import { identityOf, parseConfig, type Config } from './config.ts'
import { writeDurably } from './durable-file.ts'

type Section = Record<string, unknown>

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

  /** The settings as a node reads them. @throws INVALID for a damaged file */
  async parsed(): Promise<Config> {
    return parseConfig(JSON.stringify(await this.#read()))
  }

  /** Everything but the private key and the secrets of the RPC, also settings that this version does not know. @throws INVALID for a damaged file */
  async show(): Promise<Section> {
    const config = await this.#read()
    const { PrivKey: _, ...identity } = sectionIn(config, 'Identity') ?? {}
    const { Authorizations: _secrets, ...api } = sectionIn(config, 'API') ?? {}
    return { ...config, Identity: identity, ...(config['API'] !== undefined && { API: api }) }
  }

  /** The value of `key`, a section or a setting. @throws NOT_FOUND when it is not set, DENIED for the private key */
  async get(key: string): Promise<unknown> {
    refusePrivate('show', key)
    const value = valueIn(await this.#read(), key.split('.'))
    if (value === undefined) throw new CairnError('NOT_FOUND', `Cannot show "${key}": it is not set in the config`)
    return value
  }

  /**
   * Sets `key` to a value of JSON, durably; `null` removes it.
   *
   * @throws INVALID for a key that this version does not know, or a value that it does not take, DENIED for the private key
   */
  async set(key: string, value: unknown): Promise<void> {
    refusePrivate('change', key)
    const config = await this.#read()
    const names = key.split('.')
    const name = names.pop() ?? ''
    let section = config
    for (const above of names) {
      const next = sectionIn(section, above) ?? {}
      section[above] = next
      section = next
    }
    if (value === null) delete section[name]
    else section[name] = value
    const text = `${JSON.stringify(config, null, 2)}\n`
    const known = parseConfig(text)
    if (value !== null && valueIn(known, key.split('.')) === undefined)
      throw new CairnError('INVALID', `Cannot change "${key}": this version has no such setting`)
    identityOf(known)
    await writeDurably(this.#path, text).catch((cause: unknown) => {
      throw systemError(`change ${this.#path}`, cause)
    })
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

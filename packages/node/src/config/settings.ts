// The config file of a repo, setting by setting. A key is the names of sections and setting with dots between them, as Kubo
// has it. What `hidden.ts` lists is neither shown nor changed. Changes wait for each other, also those of other processes.
import { unwatchFile, watchFile } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { CairnError, systemError } from '@cairn/core'
import type { ApiAuthorization } from './api-config.ts'
import { identityOf, parseConfig, type Config } from './config.ts'
import { CONFIG_LOOK_MS } from '../limits.ts'
import { alone, writeDurably } from './durable-file.ts'
import { isSection, keepHidden, refuseHidden, sectionIn, withoutHidden, type Section } from './hidden.ts'
import { isProfile, PROFILES } from './profiles.ts'

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
    return withoutHidden(await this.#read())
  }

  /** The value of `key`, a section or a setting. @throws NOT_FOUND when it is not set, DENIED for the private key */
  async get(key: string): Promise<unknown> {
    refuseHidden('show', key)
    const value = valueIn(withoutHidden(await this.#read()), key.split('.'))
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
    refuseHidden('change', key)
    const names = key.split('.')
    if (names.some((part) => part === '' || part === '__proto__'))
      throw new CairnError('INVALID', `Cannot change "${key}": it is no name of a setting`)
    const known = await this.#change((config) => {
      setIn(config, names, value)
      return config
    })
    return value === null || valueIn(known, names) !== undefined
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
    return unknownIn(config, await this.#change((before) => keepHidden(before, config)))
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
    const profile = PROFILES[name]
    let [before, after]: [Section, Section] = [{}, {}]
    const apply = (config: Section): Section => {
      before = config
      after = { ...profile(config) }
      return after
    }
    if (isTrial) parseConfig(JSON.stringify(apply(await this.#read())))
    else await this.#change(apply)
    return { before: withoutHidden(before), after: withoutHidden(after) }
  }

  /**
   * Sets what a secret of the RPC opens, durably, by the name that the secret has in the config; `undefined` takes it out.
   *
   * @throws CONFLICT when there is one of this name already, NOT_FOUND when there is none to take out
   */
  async setAuthorization(name: string, row: ApiAuthorization | undefined): Promise<void> {
    await this.#change((config) => {
      const api = sectionIn(config, 'API') ?? {}
      const rows = sectionIn(api, 'Authorizations') ?? {}
      const isThere = Object.hasOwn(rows, name)
      if (row !== undefined && isThere)
        throw new CairnError('CONFLICT', `Cannot make a token: there is one of the name "${name}"`)
      if (row === undefined && !isThere)
        throw new CairnError('NOT_FOUND', `Cannot remove a token: there is none of the name "${name}"`)
      const others = Object.entries(rows).filter(([other]) => other !== name)
      const Authorizations = Object.fromEntries([...others, ...(row === undefined ? [] : [[name, row] as const])])
      return { ...config, API: { ...api, Authorizations } }
    })
  }

  /** Puts what `change` makes of the config in its place; gives it as this version reads it. */
  #change(change: (config: Section) => Section): Promise<Config> {
    return alone(this.#path, async () => this.#write(change(await this.#read())))
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

function setIn(config: Section, names: readonly string[], value: unknown): void {
  let section = config
  for (const above of names.slice(0, -1)) {
    const next = sectionIn(section, above) ?? {}
    section[above] = next
    section = next
  }
  const name = names.at(-1) ?? ''
  if (value === null) delete section[name]
  else section[name] = value
}

function valueIn(section: unknown, names: readonly string[]): unknown {
  const [name, ...below] = names
  if (name === undefined) return section
  return isSection(section) && Object.hasOwn(section, name) ? valueIn(section[name], below) : undefined
}

// Who may call the RPC of a daemon, as the config says it now.
import { statSync } from 'node:fs'
import { CairnError, isCairnError } from '@cairn/core'
import { parseListenAddress } from '@cairn/http'
import type { Config, RepoInfo } from '@cairn/node'
import { digestOfSecret, type AccessSettings, type Authorization } from '@cairn/rpc'

/**
 * Settings that follow the config: a token that is taken out there opens nothing from the next call on. A change that does not
 * read leaves them as they were.
 */
export class ApiAccess {
  /** Where the daemon listens as long as it runs. */
  readonly #addresses: readonly string[]
  readonly #source: RepoInfo['settings']
  readonly #onError: (error: CairnError) => void
  #settings: AccessSettings
  #seen: string | undefined
  #reading: Promise<void> = Promise.resolve()

  /**
   * @param onError is told why a change of `settings` does not count
   * @throws DENIED when the RPC would be open to other machines, INVALID for a secret that is none
   */
  constructor({ config, settings }: Pick<RepoInfo, 'config' | 'settings'>, onError: (error: CairnError) => void) {
    this.#addresses = config.Addresses.API
    this.#source = settings
    this.#onError = onError
    this.#settings = accessOf(config)
    if (isOpen(config)) this.#addresses.forEach(requireLoopback)
  }

  /** As the file says it now: a look at it takes microseconds, and a change that has ended counts. */
  async current(): Promise<AccessSettings> {
    const state = stateOf(this.#source.path)
    if (state !== this.#seen) {
      this.#seen = state
      // One after the other, so that what was read last counts.
      this.#reading = this.#reading.then(() => this.#read())
    }
    await this.#reading
    return this.#settings
  }

  async #read(): Promise<void> {
    try {
      const config = await this.#source.parsed()
      const settings = accessOf(config)
      try {
        if (isOpen(config)) this.#addresses.forEach(requireLoopback)
        this.#settings = settings
      } catch (error) {
        // Who had a token has it no longer, and without one nobody may call from elsewhere.
        this.#settings = { ...settings, authorizations: [NOBODY] }
        throw error
      }
    } catch (error) {
      if (!isCairnError(error)) throw error
      this.#onError(error)
    }
  }
}

/** Opens nothing: nobody knows what has this digest. */
const NOBODY: Authorization = { digest: new Uint8Array(32), allowedPaths: [] }

/** What changes with every change of a file. */
function stateOf(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found === undefined ? '' : `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`
}

/** Whether calls need no secret, and nobody has said that they may come from elsewhere. */
function isOpen({ API, Cairn }: Config): boolean {
  return Cairn?.API?.AllowPublic !== true && Object.keys(API?.Authorizations ?? {}).length === 0
}

function accessOf({ API = {} }: Config): AccessSettings {
  const { HTTPHeaders = {}, Authorizations = {} } = API
  const isOrigins = (name: string): boolean => name.toLowerCase() === 'access-control-allow-origin'
  const headers = Object.entries(HTTPHeaders)
  const authorizations = Object.values(Authorizations).map(({ AuthSecret, AllowedPaths, ReadOnly, PinNamespace }) => ({
    digest: digestOfSecret(AuthSecret),
    allowedPaths: AllowedPaths,
    isReadOnly: ReadOnly,
    pinNamespace: PinNamespace,
  }))
  return {
    origins: headers.flatMap(([name, values]) => (isOrigins(name) ? values : [])),
    headers: Object.fromEntries(headers.filter(([name]) => !isOrigins(name))),
    authorizations,
  }
}

/** The RPC may do everything, also read and delete: without a secret only what runs on this machine may call it. */
function requireLoopback(text: string): void {
  const address = parseListenAddress(text)
  if ('path' in address || ['localhost', '::1'].includes(address.host) || address.host.startsWith('127.')) return
  throw new CairnError(
    'DENIED',
    `Cannot listen on ${text}: others could call from there; make a token with "cairn token add", or set ` +
      'Cairn.API.AllowPublic to true',
  )
}

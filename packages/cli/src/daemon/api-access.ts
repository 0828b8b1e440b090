// Who may call the RPC of a daemon, as the config says it now.
import { CairnError, isCairnError } from '@cairn/core'
import { parseListenAddress } from '@cairn/http'
import type { Config, RepoInfo } from '@cairn/node'
import { digestOfSecret, type AccessSettings } from '@cairn/rpc'

/** Settings that follow the config. A change that does not read, or would let everybody in, leaves them as they were. */
export class ApiAccess {
  /** Where the daemon listens as long as it runs. */
  readonly #addresses: readonly string[]
  #settings: AccessSettings

  /** @throws DENIED when the RPC would be open to other machines, INVALID for a secret that is none */
  constructor(config: Config) {
    this.#addresses = config.Addresses.API
    this.#settings = accessOf(config, this.#addresses)
  }

  get settings(): AccessSettings {
    return this.#settings
  }

  /** Follows `settings` until the function that it gives is called; `onError` is told why a change does not count. */
  follow(settings: RepoInfo['settings'], onError: (error: CairnError) => void): () => void {
    const look = async (): Promise<void> => {
      try {
        this.#settings = accessOf(await settings.parsed(), this.#addresses)
      } catch (error) {
        if (!isCairnError(error)) throw error
        onError(error)
      }
    }
    return settings.watch(() => void look())
  }
}

function accessOf({ API = {}, Cairn }: Config, addresses: readonly string[]): AccessSettings {
  const { HTTPHeaders = {}, Authorizations = {} } = API
  const isOrigins = (name: string): boolean => name.toLowerCase() === 'access-control-allow-origin'
  const headers = Object.entries(HTTPHeaders)
  const authorizations = Object.values(Authorizations).map(({ AuthSecret, AllowedPaths, ReadOnly, PinNamespace }) => ({
    digest: digestOfSecret(AuthSecret),
    allowedPaths: AllowedPaths,
    isReadOnly: ReadOnly,
    pinNamespace: PinNamespace,
  }))
  if (Cairn?.API?.AllowPublic !== true && authorizations.length === 0) addresses.forEach(requireLoopback)
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

// Several networks as one, so that one engine has the peers of all of them.
import { CairnError, type AbortOptions, type Network, type NetworkHandler, type PeerId } from '@cairn/core'

/** Joins `networks`, whose peers must have different identities; the identity is that of the first. They stay the caller's to close. */
export function joinNetworks(first: Network, ...others: readonly Network[]): Network {
  return new JoinedNetwork([first, ...others], first.self)
}

class JoinedNetwork implements Network {
  readonly self: PeerId
  readonly #networks: readonly Network[]
  /** Through which network a connected peer is reached. */
  readonly #ways = new Map<PeerId, Network>()

  constructor(networks: readonly Network[], self: PeerId) {
    this.#networks = networks
    this.self = self
  }

  attach(handler: NetworkHandler): void {
    for (const network of this.#networks) {
      network.attach({
        connected: (peer, abilities) => {
          this.#ways.set(peer, network)
          handler.connected(peer, abilities)
        },
        disconnected: (peer) => {
          this.#ways.delete(peer)
          handler.disconnected(peer)
        },
        message: (peer, message) => handler.message(peer, message),
        expectedBytes: (peer) => handler.expectedBytes?.(peer) ?? 0,
      })
    }
  }

  async send(peer: PeerId, message: Uint8Array, options?: AbortOptions): Promise<void> {
    const network = this.#ways.get(peer)
    if (network === undefined) throw new CairnError('UNAVAILABLE', `Not connected to ${peer}`)
    await network.send(peer, message, options)
  }

  reset(peer: PeerId, reason: string): void {
    this.#ways.get(peer)?.reset(peer, reason)
  }

  trust(peer: PeerId): void {
    this.#ways.get(peer)?.trust?.(peer)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

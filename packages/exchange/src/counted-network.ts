// A network that says how many bytes went out, and to whom.
import type { Network, PeerId } from '@cairn/core'

/** `network`, which stays the caller's; `onSent` is told of each message before it goes. */
export function countSent(network: Network, onSent: (peer: PeerId, bytes: number) => void): Network {
  return {
    self: network.self,
    attach: (handler) => network.attach(handler),
    send(peer, message, options) {
      onSent(peer, message.length)
      return network.send(peer, message, options)
    },
    reset: (peer, reason) => network.reset(peer, reason),
    close: () => network.close(),
  }
}

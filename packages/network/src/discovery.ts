// Meeting the peers that announce themselves on the LAN. Anybody there may announce anything, so only addresses of the LAN are
// dialled, and only so many peers.
import type { Libp2p, PeerInfo } from '@libp2p/interface'
import { DIAL_TIMEOUT_MS, DISCOVERED_PEERS_MAX } from './limits.ts'
import { isLocalAddress } from './local-address.ts'

/** Dials discovered peers, and again those that went when they are announced the next time; the result ends that. */
export function meetDiscovered(libp2p: Libp2p): () => void {
  /** Peers met, or being dialled now. */
  const met = new Set<string>()
  const closing = new AbortController()
  const found = ({ detail }: CustomEvent<PeerInfo>): void => {
    const peer = detail.id.toString()
    for (const known of met) if (!isThere(libp2p, known) && !dialling.has(known)) met.delete(known)
    if (met.has(peer) || met.size >= DISCOVERED_PEERS_MAX || libp2p.getConnections(detail.id).length > 0) return
    met.add(peer)
    dialling.add(peer)
    void meet(libp2p, detail, closing.signal).finally(() => dialling.delete(peer))
  }
  const dialling = new Set<string>()
  libp2p.addEventListener('peer:discovery', found)
  return () => {
    libp2p.removeEventListener('peer:discovery', found)
    closing.abort()
  }
}

async function meet(libp2p: Libp2p, { id, multiaddrs }: PeerInfo, signal: AbortSignal): Promise<void> {
  const addresses = multiaddrs
    .filter(isLocalAddress)
    .map((address) => (address.toString().includes('/p2p/') ? address : address.encapsulate(`/p2p/${id.toString()}`)))
  if (addresses.length === 0) return
  try {
    await libp2p.dial(addresses, { signal: AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]) })
  } catch {
    // It announces itself again in a few seconds.
  }
}

function isThere(libp2p: Libp2p, peer: string): boolean {
  return libp2p.getConnections().some(({ remotePeer }) => remotePeer.toString() === peer)
}

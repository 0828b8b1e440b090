// What other packages may use of the network; identities alone are at `@cairn/network/identity`, keys at `@cairn/network/keys`.
export type { GateRules } from './gate.ts'
export { canListen } from './address.ts'
export { openHost, type Host, type HostPeer, type PeerWatcher } from './host.ts'
export { isLocalHost } from './local-address.ts'
export { Peering, type PeeringPeer } from './peering.ts'
export { readSwarmKey } from './swarm-key.ts'
export { type HostInit, type HostServices, type HostSettings } from './stack.ts'

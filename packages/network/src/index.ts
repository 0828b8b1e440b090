// What other packages may use of the network; identities alone are at `@cairn/network/identity`.
export { openHost, type Host, type HostInit, type HostPeer, type HostServices, type HostSettings } from './host.ts'

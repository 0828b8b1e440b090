// What other packages may use of the gateway.
export type { GatewayBackend } from './backend.ts'
export { Gateway, type GatewaySettings } from './gateway.ts'
export { LOCALHOST, type HostSettings } from './host/hosts.ts'
export { openGatewayServer } from './server/gateway-server.ts'

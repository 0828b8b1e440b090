// Settings of routers in the config. Names are Kubo's; the public service that Kubo asks by default is asked by nobody here.
import { CairnError, type Router } from '@cairn/core'
import { DelegatedRouter } from './delegated-router.ts'

/** Section of the config that says who is asked for providers. */
export interface RoutingConfig {
  /** URLs of services that speak Delegated Routing V1; none by default. */
  readonly DelegatedRouters?: readonly string[]
}

/** Kubo's word for services that it is told of by another one; we ask nobody that nobody has named. */
const AUTO = 'auto'

/** @throws INVALID for a setting of the wrong form */
export function parseRouting({ DelegatedRouters: urls }: Readonly<Record<string, unknown>>): RoutingConfig {
  if (urls === undefined || urls === null) return {}
  if (!Array.isArray(urls) || !urls.every(isService))
    throw new CairnError('INVALID', 'Cannot read the config: Routing.DelegatedRouters must be a list of http(s) URLs')
  return { DelegatedRouters: urls }
}

/** The routers that a config names. */
export function routersOf({ DelegatedRouters = [] }: RoutingConfig = {}): Router[] {
  return DelegatedRouters.filter((url) => url !== AUTO).map((url) => new DelegatedRouter(url))
}

function isService(value: unknown): value is string {
  return value === AUTO || (typeof value === 'string' && /^https?:\/\//.test(value) && URL.canParse(value))
}

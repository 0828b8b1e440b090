// Named changes of a config, for a new repo or one that there is. Names are Kubo's where Kubo has the profile.
// Source: kubo config/profile.go.

/** Names of the profiles. */
export type RepoProfile = keyof typeof PROFILES

/** Listen addresses of profile `lan`: peers on all interfaces, the RPC and the gateway on loopback. */
export const LAN_ADDRESSES = {
  Swarm: ['/ip4/0.0.0.0/tcp/4001', '/ip6/::/tcp/4001'],
  API: ['/ip4/127.0.0.1/tcp/5001'],
  Gateway: ['/ip4/127.0.0.1/tcp/8080'],
} as const

/** Ranges that no peer on the internet has. Source: the special registries of IANA. */
const PRIVATE_RANGES: readonly string[] = [
  '/ip4/10.0.0.0/ipcidr/8',
  '/ip4/100.64.0.0/ipcidr/10',
  '/ip4/169.254.0.0/ipcidr/16',
  '/ip4/172.16.0.0/ipcidr/12',
  '/ip4/192.0.0.0/ipcidr/24',
  '/ip4/192.0.2.0/ipcidr/24',
  '/ip4/192.168.0.0/ipcidr/16',
  '/ip4/198.18.0.0/ipcidr/15',
  '/ip4/198.51.100.0/ipcidr/24',
  '/ip4/203.0.113.0/ipcidr/24',
  '/ip4/240.0.0.0/ipcidr/4',
  '/ip6/100::/ipcidr/64',
  '/ip6/2001:2::/ipcidr/48',
  '/ip6/2001:db8::/ipcidr/32',
  '/ip6/fc00::/ipcidr/7',
  '/ip6/fe80::/ipcidr/10',
]

/** Connections that profile `lowpower` allows. Source: kubo. */
const LOW_POWER_CONNECTIONS = 40

type Section = Readonly<Record<string, unknown>>

/** The profiles, each with what it makes of a config. */
export const PROFILES = {
  /** Takes peers on all interfaces and looks for them on the LAN. */
  lan: (config: Section) =>
    meetsLan({ ...config, Addresses: { ...sectionOf(config, 'Addresses'), ...LAN_ADDRESSES } }, true),
  /** Meets nobody by itself, and listens on loopback at any free port. */
  test: (config: Section) => {
    const any = ['/ip4/127.0.0.1/tcp/0']
    const addresses = { ...sectionOf(config, 'Addresses'), Swarm: any, API: any, Gateway: any }
    return meetsLan({ ...config, Addresses: addresses, Bootstrap: [] }, false)
  },
  /** For machines at a data centre: neither looks for peers on its LAN nor dials there. */
  server: (config: Section) =>
    meetsLan(
      withFilters(config, (ranges) => [...new Set([...ranges, ...PRIVATE_RANGES])]),
      false,
    ),
  /** The reverse of `server`. */
  'local-discovery': (config: Section) =>
    meetsLan(
      withFilters(config, (ranges) => ranges.filter((range) => !PRIVATE_RANGES.includes(String(range)))),
      true,
    ),
  /** Few connections. */
  lowpower: (config: Section) => {
    const swarm = sectionOf(config, 'Swarm')
    const manager = { ...sectionOf(swarm, 'ConnMgr'), HighWater: LOW_POWER_CONNECTIONS }
    return { ...config, Swarm: { ...swarm, ConnMgr: manager } }
  },
  /** Takes peers on all interfaces, at any free port. */
  randomports: (config: Section) => ({
    ...config,
    Addresses: { ...sectionOf(config, 'Addresses'), Swarm: ['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/0'] },
  }),
} satisfies Readonly<Record<string, (config: Section) => Section>>

/** Whether there is a profile called `name`. */
export function isProfile(name: string): name is RepoProfile {
  return Object.hasOwn(PROFILES, name)
}

function meetsLan(config: Section, isOn: boolean): Section {
  const discovery = sectionOf(config, 'Discovery')
  return { ...config, Discovery: { ...discovery, MDNS: { ...sectionOf(discovery, 'MDNS'), Enabled: isOn } } }
}

function withFilters(config: Section, edit: (ranges: readonly unknown[]) => readonly unknown[]): Section {
  const swarm = sectionOf(config, 'Swarm')
  const ranges: unknown = swarm['AddrFilters']
  return { ...config, Swarm: { ...swarm, AddrFilters: edit(Array.isArray(ranges) ? ranges : []) } }
}

function sectionOf(config: Section, name: string): Section {
  const found = config[name]
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as Section) : {}
}

// What a config says about peers: whom to stay connected to, whom to refuse, whom to serve, and how fast. Names are Kubo's where
// Kubo has the setting. Nothing of the network is loaded to read it.
import { CairnError, parseBytes, parseCid, type PeerId } from '@cairn/core'
import type { RateLimits, RatePlan, RateSpan, ServeLists } from '@cairn/exchange'
import type { GateRules, PeeringPeer } from '@cairn/network'

/** Sections of the config that are about peers. */
export interface SwarmConfig {
  readonly Swarm?: {
    /** Ranges of addresses that are neither dialled nor let in: `/ip4/10.0.0.0/ipcidr/8`. */
    readonly AddrFilters?: readonly string[]
    /** Connections beyond `HighWater` are closed, or not let in. */
    readonly ConnMgr?: { readonly HighWater?: number }
  }
  readonly Peering?: {
    /** Peers to stay connected to. */
    readonly Peers?: readonly { readonly ID: PeerId; readonly Addrs?: readonly string[] }[]
  }
  readonly Discovery?: {
    /** Whether a node that listens meets the peers of its LAN by itself; false by default. */
    readonly MDNS?: { readonly Enabled?: boolean }
  }
}

/** Settings of our own that are about peers. */
export interface OwnSwarmConfig {
  /** Peers that are neither dialled nor let in. */
  readonly RefusePeers?: readonly PeerId[]
  /** Whose wants are answered, and for which blocks; all by default. */
  readonly Serve?: {
    readonly AllowPeers?: readonly PeerId[]
    readonly DenyPeers?: readonly PeerId[]
    readonly AllowCids?: readonly string[]
    readonly DenyCids?: readonly string[]
  }
  readonly RateLimits?: Rates & {
    readonly ExemptLocal?: boolean
    /** The first row that holds now replaces the rates above. */
    readonly Schedule?: readonly (Rates & {
      readonly Days?: readonly string[]
      readonly From: string
      readonly To: string
    })[]
  }
}

/** Bytes a second, as a number or as `10MB`. */
interface Rates {
  readonly Up?: string | number
  readonly Down?: string | number
  readonly PeerUp?: string | number
  readonly PeerDown?: string | number
}

type Section = Readonly<Record<string, unknown>>

/** Reads the sections about peers of a whole config. @throws INVALID for a setting of the wrong form */
export function parseSwarm(config: Section): SwarmConfig {
  const swarm = sectionOf(config, 'Swarm')
  const manager = swarm && sectionOf(swarm, 'ConnMgr')
  const peering = sectionOf(config, 'Peering')
  const mdns = sectionOf(sectionOf(config, 'Discovery') ?? {}, 'MDNS')
  const filters = textsIn(swarm, 'AddrFilters', isRange)
  const high = manager?.['HighWater']
  need(
    high === undefined || (Number.isSafeInteger(high) && Number(high) > 0),
    'Swarm.ConnMgr.HighWater',
    'a number above 0',
  )
  const isOn = mdns?.['Enabled']
  need(isOn === undefined || typeof isOn === 'boolean', 'Discovery.MDNS.Enabled', 'true or false')
  const manages = typeof high === 'number' ? { HighWater: high } : {}
  return {
    ...(swarm && { Swarm: { ...(filters && { AddrFilters: filters }), ...(manager && { ConnMgr: manages }) } }),
    ...(peering && { Peering: parsePeering(peering['Peers']) }),
    ...(typeof isOn === 'boolean' && { Discovery: { MDNS: { Enabled: isOn } } }),
  }
}

/** Reads our own settings about peers. @throws INVALID for a setting of the wrong form */
export function parseOwnSwarm(own: Section): OwnSwarmConfig {
  const [refused, serve, rates] = [
    textsIn(own, 'RefusePeers', isPeer),
    sectionOf(own, 'Serve'),
    sectionOf(own, 'RateLimits'),
  ]
  return {
    ...(refused && { RefusePeers: refused }),
    ...(serve && { Serve: parseServe(serve) }),
    ...(rates && { RateLimits: parseRates(rates) }),
  }
}

/** Who is refused. */
export function refusedOf({ Swarm }: SwarmConfig, own: OwnSwarmConfig = {}): GateRules {
  return { peers: own.RefusePeers, ranges: Swarm?.AddrFilters }
}

/** Whom a node stays connected to. */
export function peeringOf({ Peering }: SwarmConfig): PeeringPeer[] {
  return (Peering?.Peers ?? []).map(({ ID, Addrs = [] }) => ({ peer: ID, addresses: Addrs }))
}

/** Who is served what. */
export function serveListsOf({ Serve = {} }: OwnSwarmConfig = {}): ServeLists {
  return {
    allowPeers: Serve.AllowPeers,
    denyPeers: Serve.DenyPeers,
    allowCids: Serve.AllowCids?.map((text) => parseCid(text)),
    denyCids: Serve.DenyCids?.map((text) => parseCid(text)),
  }
}

/** How fast bytes may go. */
export function ratePlanOf({ RateLimits: rates = {} }: OwnSwarmConfig = {}): RatePlan {
  const schedule = (rates.Schedule ?? []).flatMap((row): RateSpan[] => {
    const [from, to] = [minuteOf(row.From) ?? 0, minuteOf(row.To) ?? 0]
    return (row.Days ?? DAYS).map((day) => {
      const start = DAYS.indexOf(day) * DAY_MINUTES
      // An end that is not after the start is on the next day.
      const length = to > from ? to - from : to - from + DAY_MINUTES
      const fromMinute = start + from
      return { ...limitsOf(row), fromMinute, toMinute: (fromMinute + length) % (7 * DAY_MINUTES) }
    })
  })
  return { ...limitsOf(rates), exemptLocal: rates.ExemptLocal, schedule }
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const DAY_MINUTES = 24 * 60
const RATE_NAMES = ['Up', 'Down', 'PeerUp', 'PeerDown'] as const

function parsePeering(peers: unknown): NonNullable<SwarmConfig['Peering']> {
  if (peers === undefined || peers === null) return {}
  need(Array.isArray(peers), 'Peering.Peers', 'a list')
  const rows: readonly unknown[] = Array.isArray(peers) ? peers : []
  return {
    Peers: rows.map((row) => {
      const { ID, ...rest } = isSection(row) ? row : {}
      need(
        typeof ID === 'string' && isPeer(ID),
        'Peering.Peers',
        'a list of { "ID": peer id, "Addrs": [multiaddr, …] }',
      )
      return { ID: String(ID), Addrs: textsIn(rest, 'Addrs', (text) => text.startsWith('/')) ?? [] }
    }),
  }
}

function parseServe(serve: Section): NonNullable<OwnSwarmConfig['Serve']> {
  const lists = { AllowPeers: isPeer, DenyPeers: isPeer, AllowCids: isCid, DenyCids: isCid }
  return Object.fromEntries(
    Object.entries(lists).flatMap(([name, isRight]) => {
      const texts = textsIn(serve, name, isRight)
      return texts === undefined ? [] : [[name, texts]]
    }),
  )
}

function parseRates(rates: Section): NonNullable<OwnSwarmConfig['RateLimits']> {
  const { ExemptLocal, Schedule } = rates
  need(ExemptLocal === undefined || typeof ExemptLocal === 'boolean', 'Cairn.RateLimits.ExemptLocal', 'true or false')
  need(Schedule === undefined || Array.isArray(Schedule), 'Cairn.RateLimits.Schedule', 'a list')
  const rows: readonly unknown[] = Array.isArray(Schedule) ? Schedule : []
  return {
    ...ratesIn(rates),
    ...(typeof ExemptLocal === 'boolean' && { ExemptLocal }),
    ...(Schedule !== undefined && {
      Schedule: rows.map((row) => {
        const { From, To, ...rest } = isSection(row) ? row : {}
        need(
          minuteOf(From) !== undefined && minuteOf(To) !== undefined,
          'Cairn.RateLimits.Schedule',
          'rows with From and To, such as "08:00"',
        )
        const days = textsIn(rest, 'Days', (text) => DAYS.includes(text))
        return { ...ratesIn(rest), ...(days && { Days: days }), From: String(From), To: String(To) }
      }),
    }),
  }
}

function ratesIn(section: Section): Rates {
  return Object.fromEntries(
    RATE_NAMES.flatMap((name) => {
      const value = section[name]
      if (value === undefined) return []
      need(rateOf(value) !== undefined, `Cairn.RateLimits.${name}`, 'bytes a second, such as "10MB"')
      return [[name, value]]
    }),
  )
}

function limitsOf({ Up, Down, PeerUp, PeerDown }: Rates): RateLimits {
  return { up: rateOf(Up), down: rateOf(Down), peerUp: rateOf(PeerUp), peerDown: rateOf(PeerDown) }
}

function rateOf(value: unknown): number | undefined {
  const isRate = typeof value === 'string' || typeof value === 'number'
  const bytes = isRate ? parseBytes(String(value)) : undefined
  return bytes === undefined || bytes < 1 ? undefined : bytes
}

/** Minutes of a time of day such as `08:00`; `24:00` is its end. */
function minuteOf(text: unknown): number | undefined {
  const [, hours = '', minutes = ''] = /^(\d\d?):([0-5]\d)$/.exec(typeof text === 'string' ? text : '') ?? []
  const minute = Number(hours) * 60 + Number(minutes)
  return hours === '' || minute > DAY_MINUTES ? undefined : minute
}

/** @throws INVALID when the list is there and has another form */
function textsIn(
  section: Section | undefined,
  name: string,
  isRight: (text: string) => boolean,
): readonly string[] | undefined {
  const value = section?.[name]
  if (value === undefined || value === null) return undefined
  const isList = Array.isArray(value) && value.every((item) => typeof item === 'string' && isRight(item))
  need(isList, name, 'a list of texts of the right form')
  return isList ? value.map(String) : undefined
}

function sectionOf(section: Section, name: string): Section | undefined {
  const value = section[name]
  if (value === undefined || value === null) return undefined
  need(isSection(value), name, 'a section')
  return isSection(value) ? value : undefined
}

function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isPeer(text: string): boolean {
  return /^(12D3|16Uiu2|Qm)[1-9A-HJ-NP-Za-km-z]{40,}$/.test(text)
}

function isRange(text: string): boolean {
  return /^\/ip4\/[\d.]+\/ipcidr\/\d{1,2}$|^\/ip6\/[\da-f:.]+\/ipcidr\/\d{1,3}$/i.test(text)
}

function isCid(text: string): boolean {
  try {
    parseCid(text)
    return true
  } catch {
    return false
  }
}

function need(isRight: boolean, name: string, form: string): void {
  if (!isRight) throw new CairnError('INVALID', `Cannot read the config: ${name} must be ${form}`)
}

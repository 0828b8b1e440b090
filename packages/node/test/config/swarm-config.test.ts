import { describe, expect, test } from 'vitest'
import { newConfig, parseConfig, type Config } from '../../src/config/config.ts'
import { peeringOf, ratePlanOf, refusedOf, serveListsOf } from '../../src/config/swarm-config.ts'

const VALID = newConfig('test')
const PEER = VALID.Identity.PeerID
const CID = 'bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4'

function read(sections: object): Config {
  return parseConfig(JSON.stringify({ ...VALID, ...sections }))
}

test('only the lan profile looks for peers by itself', () => {
  expect(newConfig('lan').Discovery).toEqual({ MDNS: { Enabled: true } })
  expect(newConfig('test').Discovery).toEqual({ MDNS: { Enabled: false } })
})

test('sections of Kubo read, with what they have empty', () => {
  const config = read({ Swarm: { AddrFilters: null, ConnMgr: {}, Transports: {} }, Peering: { Peers: null } })
  expect(peeringOf(config)).toEqual([])
  expect(refusedOf(config, config.Cairn)).toEqual({ peers: undefined, ranges: undefined })
  expect(ratePlanOf(config.Cairn)).toEqual({ schedule: [] })
  const full = read({
    Swarm: { AddrFilters: ['/ip4/10.0.0.0/ipcidr/8'], ConnMgr: { HighWater: 20 } },
    Peering: { Peers: [{ ID: PEER, Addrs: ['/ip4/10.1.2.3/tcp/1'] }, { ID: PEER }] },
    Cairn: { RefusePeers: [PEER], Serve: { AllowPeers: [], DenyCids: [CID] } },
  })
  expect(peeringOf(full)).toEqual([
    { peer: PEER, addresses: ['/ip4/10.1.2.3/tcp/1'] },
    { peer: PEER, addresses: [] },
  ])
  expect(refusedOf(full, full.Cairn)).toEqual({ peers: [PEER], ranges: ['/ip4/10.0.0.0/ipcidr/8'] })
  expect(full.Swarm?.ConnMgr?.HighWater).toBe(20)
  expect(serveListsOf(full.Cairn)).toMatchObject({ allowPeers: [], allowCids: undefined })
  expect(serveListsOf(full.Cairn).denyCids?.map(String)).toEqual([CID])
})

test('rates are bytes a second, and rows of the schedule spans of the week', () => {
  const { Cairn } = read({
    Cairn: {
      RateLimits: {
        Up: '1MB',
        PeerDown: 2048,
        ExemptLocal: true,
        Schedule: [
          { Days: ['Mon', 'Sat'], From: '22:00', To: '6:30', Up: '10MiB' },
          { From: '00:00', To: '24:00' },
        ],
      },
    },
  })
  const plan = ratePlanOf(Cairn)
  expect(plan).toMatchObject({ up: 1e6, peerDown: 2048, exemptLocal: true })
  expect(plan.schedule).toHaveLength(9)
  expect(plan.schedule?.[0]).toMatchObject({ up: 10 * 2 ** 20, fromMinute: 1440 + 1320, toMinute: 2 * 1440 + 390 })
  expect(plan.schedule?.[1]).toMatchObject({ fromMinute: 6 * 1440 + 1320, toMinute: 390 })
  expect(plan.schedule?.[2]).toMatchObject({ up: undefined, fromMinute: 0, toMinute: 1440 })
})

describe('INVALID', () => {
  test.each([
    { Swarm: [] },
    { Swarm: { AddrFilters: ['10.0.0.0/8'] } },
    { Swarm: { ConnMgr: { HighWater: 0 } } },
    { Swarm: { ConnMgr: { HighWater: '20' } } },
    { Peering: { Peers: {} } },
    { Peering: { Peers: [PEER] } },
    { Peering: { Peers: [{ ID: 'me' }] } },
    { Peering: { Peers: [{ ID: PEER, Addrs: ['here'] }] } },
    { Discovery: { MDNS: { Enabled: 'yes' } } },
    { Cairn: { RefusePeers: ['me'] } },
    { Cairn: { Serve: { AllowCids: ['hello'] } } },
    { Cairn: { RateLimits: { Up: '0' } } },
    { Cairn: { RateLimits: { Up: 'much' } } },
    { Cairn: { RateLimits: { ExemptLocal: 1 } } },
    { Cairn: { RateLimits: { Schedule: {} } } },
    { Cairn: { RateLimits: { Schedule: [{ From: '8:00' }] } } },
    { Cairn: { RateLimits: { Schedule: [{ From: '8:00', To: '25:00' }] } } },
    { Cairn: { RateLimits: { Schedule: [{ From: '8:00', To: '9:00', Days: ['Someday'] }] } } },
  ])('%j', (sections) => {
    expect(() => read(sections)).toThrow(expect.objectContaining({ code: 'INVALID' }))
  })
})

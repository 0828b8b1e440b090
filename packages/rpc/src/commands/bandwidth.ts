// cairn stats bw: how many bytes the exchange takes.
import { setTimeout as sleep } from 'node:timers/promises'
import { CairnError, DURATION_MS_MAX, formatBytes, parseDuration } from '@cairn/core'
import type { Swarm } from '@cairn/node'
import { lastEvent } from './answers.ts'
import { requirePeerId, swarmOf } from './swarm.ts'
import { eventCommand } from '../command.ts'

/** As Kubo's: bytes, and bytes a second of late. */
export interface BandwidthEvent {
  readonly TotalIn: number
  readonly TotalOut: number
  readonly RateIn: number
  readonly RateOut: number
}

/** Milliseconds over which the rate of one peer is measured, for which nobody counts it. */
const PEER_RATE_MS = 250

/** Milliseconds between two events with `poll`, and the least there may be. */
const [INTERVAL_MS, INTERVAL_MS_MIN] = [1000, 100]

export const statsBw = eventCommand({
  path: ['stats', 'bw'],
  summary: 'Print how many bytes blocks and wants took since the node began, and their rate of late',
  examples: [
    'cairn stats bw',
    'cairn stats bw --poll --interval 5s',
    'cairn stats bw --peer 12D3…   blocks alone, also of earlier runs',
  ],
  options: {
    peer: { type: 'text', short: 'p', value: 'PEER', excludes: ['proto'], help: 'only blocks to and from this peer' },
    proto: { type: 'text', short: 't', value: 'PROTOCOL', help: 'only this protocol: none but bitswap is counted' },
    poll: { type: 'flag', help: 'print again and again, until it is interrupted' },
    interval: { type: 'text', short: 'i', value: 'DURATION', check: intervalOf, help: 'how often; 1s by default' },
  },
  network: true,
  async *run(input): AsyncGenerator<BandwidthEvent> {
    const { peer, proto, poll = false, interval } = input.options
    if (peer !== undefined) requirePeerId(peer)
    if (proto !== undefined && !/^\/ipfs\/bitswap(\/|$)/.test(proto))
      throw new CairnError('UNSUPPORTED', `Cannot tell what ${proto} takes: only bitswap is counted`)
    const swarm = await swarmOf(input)
    const { signal } = input
    yield peer === undefined ? totalOf(swarm) : await peerOf(swarm, peer, signal)
    while (poll) {
      await sleep(interval === undefined ? INTERVAL_MS : intervalOf(interval), undefined, { signal })
      yield peer === undefined ? totalOf(swarm) : await peerOf(swarm, peer, signal)
    }
  },
  answer: (events, { poll = false }) => (poll ? events : lastEvent(events)),
  text: ({ TotalIn, TotalOut, RateIn, RateOut }) =>
    [
      'Bandwidth',
      `TotalIn: ${formatBytes(TotalIn)}`,
      `TotalOut: ${formatBytes(TotalOut)}`,
      `RateIn: ${formatBytes(RateIn)}/s`,
      `RateOut: ${formatBytes(RateOut)}/s`,
    ].join('\n'),
})

function totalOf({ bitswap }: Swarm): BandwidthEvent {
  const { totalIn, totalOut, rateIn, rateOut } = bitswap.stats().traffic
  return { TotalIn: totalIn, TotalOut: totalOut, RateIn: rateIn, RateOut: rateOut }
}

async function peerOf({ bitswap }: Swarm, peer: string, signal: AbortSignal): Promise<BandwidthEvent> {
  const before = bitswap.accountOf(peer)
  const [sentBefore, receivedBefore, startedMs] = [before.sent, before.received, performance.now()]
  await sleep(PEER_RATE_MS, undefined, { signal })
  const { sent, received } = bitswap.accountOf(peer)
  const perSecond = 1000 / (performance.now() - startedMs)
  return {
    TotalIn: received,
    TotalOut: sent,
    RateIn: (received - receivedBefore) * perSecond,
    RateOut: (sent - sentBefore) * perSecond,
  }
}

/** @throws INVALID for what is no duration that can be waited for */
function intervalOf(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined || ms < INTERVAL_MS_MIN || ms > DURATION_MS_MAX)
    throw new CairnError(
      'INVALID',
      `Cannot wait "${text}": name a duration of ${INTERVAL_MS_MIN} ms or more, such as 5s`,
    )
  return ms
}

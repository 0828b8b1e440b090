// cairn ping: the round trip to a peer.
import { setTimeout as sleep } from 'node:timers/promises'
import { CairnError, isCairnError } from '@cairn/core'
import type { Swarm } from '@cairn/node'
import { eventCommand, firstArgument, type CommandInput } from '../command.ts'
import { requirePeerId, swarmOf } from './swarm.ts'

export interface PingEvent {
  readonly Success: boolean
  /** Nanoseconds, 0 where nothing was measured. */
  readonly Time: number
  readonly Text: string
}

/** Milliseconds between two pings, as in Kubo. */
const PAUSE_MS = 1000

export const ping = eventCommand({
  path: ['ping'],
  summary: 'Measure the round trip to a peer',
  examples: ['cairn ping -n 3 /ip4/127.0.0.1/tcp/4001/p2p/12D3…'],
  arguments: [{ name: 'peer', isPiped: true, help: 'multiaddr of the peer, or the id of one that is connected' }],
  options: { count: { type: 'count', short: 'n', value: 'number', help: 'how often, 10 by default' } },
  network: true,
  async *run(input): AsyncGenerator<PingEvent> {
    const { count = 10 } = input.options
    if (count === 0) throw new CairnError('INVALID', 'Cannot ping 0 times: name a number above 0')
    const swarm = await swarmOf(input)
    const peer = await peerOf(swarm, firstArgument(input), input)
    yield { Success: true, Time: 0, Text: `PING ${peer}.` }
    let [sumMs, answers] = [0, 0]
    for (let index = 0; index < count; index++) {
      if (index > 0) await sleep(PAUSE_MS, undefined, { signal: input.signal })
      try {
        const ms = await swarm.host.ping(peer, { signal: input.signal })
        sumMs += ms
        answers++
        yield { Success: true, Time: Math.round(ms * 1e6), Text: '' }
      } catch (error) {
        if (!isCairnError(error)) throw error
        yield { Success: false, Time: 0, Text: `Ping error: ${error.message}` }
      }
    }
    if (answers === 0) throw new CairnError('UNAVAILABLE', `Cannot ping ${peer}: it did not answer once`)
    yield { Success: true, Time: 0, Text: `Average latency: ${(sumMs / answers).toFixed(2)}ms` }
  },
  text: ({ Text, Time }) => (Text === '' ? `Pong received: time=${(Time / 1e6).toFixed(2)} ms` : Text),
})

async function peerOf(swarm: Swarm, text: string, { signal }: Pick<CommandInput, 'signal'>): Promise<string> {
  const id = /^(?:\/p2p\/)?([^/]+)$/.exec(text)?.[1]
  if (id === undefined) return swarm.host.connect(text, { signal })
  requirePeerId(id)
  // Refused here, or each ping would be.
  if (!swarm.host.isConnected(id)) await swarm.host.connectPeer(id, [], { signal })
  return id
}

// cairn bitswap: what is wanted, what was exchanged, and with whom.
import { formatBytes } from '@cairn/core'
import { eventCommand, firstArgument } from '../command.ts'
import { requirePeerId, swarmOf } from './swarm.ts'

/** A CID in the JSON of IPLD. */
interface CidLink {
  readonly '/': string
}

export const bitswapStat = eventCommand({
  path: ['bitswap', 'stat'],
  summary: 'Print what was exchanged since the node began',
  examples: ['cairn bitswap stat --verbose'],
  options: {
    verbose: { type: 'flag', short: 'v', help: 'list the peers' },
    human: { type: 'flag', help: 'print sizes as 1.5 MiB' },
  },
  network: true,
  async *run(input) {
    const stats = (await swarmOf(input)).bitswap.stats()
    yield {
      Wantlist: stats.wantlist.map((cid): CidLink => ({ '/': cid.toString() })),
      Peers: stats.peers,
      BlocksReceived: stats.blocksReceived,
      DataReceived: stats.dataReceived,
      DupBlksReceived: stats.dupBlksReceived,
      DupDataReceived: stats.dupDataReceived,
      MessagesReceived: stats.messagesReceived,
      BlocksSent: stats.blocksSent,
      DataSent: stats.dataSent,
    }
  },
  text(event, { verbose = false, human = false }) {
    const bytes = (count: number): string => (human ? formatBytes(count) : `${count}`)
    return [
      'bitswap status',
      `\tblocks received: ${event.BlocksReceived}`,
      `\tblocks sent: ${event.BlocksSent}`,
      `\tdata received: ${bytes(event.DataReceived)}`,
      `\tdata sent: ${bytes(event.DataSent)}`,
      `\tdup blocks received: ${event.DupBlksReceived}`,
      `\tdup data received: ${bytes(event.DupDataReceived)}`,
      `\twantlist [${event.Wantlist.length} keys]`,
      ...event.Wantlist.map((cid) => `\t\t${cid['/']}`),
      `\tpartners [${event.Peers.length}]`,
      ...(verbose ? event.Peers.map((peer) => `\t\t${peer}`) : []),
    ].join('\n')
  },
})

export const bitswapWantlist = eventCommand({
  path: ['bitswap', 'wantlist'],
  summary: 'List the blocks that this node waits for, or that a peer wants of it',
  examples: ['cairn bitswap wantlist'],
  options: { peer: { type: 'text', short: 'p', value: 'peer', help: 'list what this connected peer wants' } },
  network: true,
  async *run(input): AsyncGenerator<{ readonly Keys: readonly CidLink[] }> {
    const { peer } = input.options
    if (peer !== undefined) requirePeerId(peer)
    const { bitswap } = await swarmOf(input)
    const wants = peer === undefined ? bitswap.stats().wantlist : bitswap.wantsOf(peer)
    yield { Keys: wants.map((cid) => ({ '/': cid.toString() })) }
  },
  text: ({ Keys }) => (Keys.length === 0 ? undefined : Keys.map((cid) => cid['/']).join('\n')),
})

export const bitswapLedger = eventCommand({
  path: ['bitswap', 'ledger'],
  summary: 'Print how many bytes of blocks went to a peer and came from it, also in earlier runs',
  examples: ['cairn bitswap ledger 12D3…'],
  arguments: [{ name: 'peer', help: 'id of the peer' }],
  options: {},
  network: true,
  async *run(input) {
    const peer = firstArgument(input)
    requirePeerId(peer)
    const { sent, received, exchanges } = (await swarmOf(input)).bitswap.accountOf(peer)
    // The debt ratio of boxo.
    yield { Peer: peer, Value: sent / (received + 1), Sent: sent, Recv: received, Exchanged: exchanges }
  },
  text: ({ Peer, Value, Sent, Recv, Exchanged }) =>
    [
      `Ledger for ${Peer}`,
      `Debt ratio:\t${Value.toFixed(6)}`,
      `Exchanges:\t${Exchanged}`,
      `Bytes sent:\t${Sent}`,
      `Bytes received:\t${Recv}`,
      '',
    ].join('\n'),
})

export const statsBw = eventCommand({
  path: ['stats', 'bw'],
  summary: 'Print how many bytes blocks and wants took since the node began, and their rate of late',
  examples: ['cairn stats bw'],
  options: {},
  network: true,
  async *run(input) {
    const { totalIn, totalOut, rateIn, rateOut } = (await swarmOf(input)).bitswap.stats().traffic
    yield { TotalIn: totalIn, TotalOut: totalOut, RateIn: rateIn, RateOut: rateOut }
  },
  text: ({ TotalIn, TotalOut, RateIn, RateOut }) =>
    [
      'Bandwidth',
      `TotalIn: ${formatBytes(TotalIn)}`,
      `TotalOut: ${formatBytes(TotalOut)}`,
      `RateIn: ${formatBytes(RateIn)}/s`,
      `RateOut: ${formatBytes(RateOut)}/s`,
    ].join('\n'),
})

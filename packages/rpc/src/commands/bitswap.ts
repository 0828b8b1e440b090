// cairn bitswap: what is wanted, what was exchanged, and with whom.
import { formatBytes } from '@cairn/core'
import { lastEvent } from './answers.ts'
import { eventCommand, firstArgument } from '../command.ts'
import { requirePeerId, swarmOf } from './swarm.ts'
import { waitOf, type WaitEntry } from './trace-log.ts'

/** A CID in the JSON of IPLD. */
export interface CidLink {
  readonly '/': string
}

export const bitswapStat = eventCommand({
  path: ['bitswap', 'stat'],
  aliases: [['stats', 'bitswap']],
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
      // Kubo has these not: blocks that nobody had asked for, what all that came was good for, and
      // why what peers sent was dropped.
      UnaskedBlksReceived: stats.unaskedBlksReceived,
      UnaskedDataReceived: stats.unaskedDataReceived,
      UsefulDataReceived: stats.dataReceived - stats.dupDataReceived - stats.unaskedDataReceived,
      WastedDataReceived: stats.dupDataReceived + stats.unaskedDataReceived,
      MessagesSent: stats.messagesSent,
      Refused: stats.refused,
    }
  },
  answer: lastEvent,
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
      `\tunasked blocks received: ${event.UnaskedBlksReceived}`,
      `\tunasked data received: ${bytes(event.UnaskedDataReceived)}`,
      `\tuseful data received: ${bytes(event.UsefulDataReceived)}`,
      `\twasted data received: ${bytes(event.WastedDataReceived)}`,
      ...Object.entries(event.Refused)
        .filter(([, count]) => count > 0)
        .map(([reason, count]) => `\trefused ${reason}: ${count}`),
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
  examples: ['cairn bitswap wantlist', 'cairn bitswap wantlist --verbose   whom it asked, and why it waits'],
  options: {
    peer: { type: 'text', short: 'p', value: 'peer', help: 'list what this connected peer wants' },
    verbose: {
      type: 'flag',
      short: 'v',
      excludes: ['peer'],
      help: 'tell who was asked for each block, and why it waits',
    },
  },
  network: true,
  async *run(input): AsyncGenerator<{ readonly Keys: readonly CidLink[]; readonly Waits?: readonly WaitEntry[] }> {
    const { peer, verbose = false } = input.options
    if (peer !== undefined) requirePeerId(peer)
    const { bitswap } = await swarmOf(input)
    const wants = peer === undefined ? bitswap.stats().wantlist : bitswap.wantsOf(peer)
    yield {
      Keys: wants.map((cid) => ({ '/': cid.toString() })),
      ...(verbose && peer === undefined && { Waits: bitswap.standings(wants.length).map(waitOf) }),
    }
  },
  answer: lastEvent,
  text({ Keys, Waits }) {
    const lines = Waits === undefined ? Keys.map((cid) => cid['/']) : Waits.flatMap(waitLines)
    return lines.length === 0 ? undefined : lines.join('\n')
  },
})

function waitLines({ Cid, WaitedMs, Reason, Asked }: WaitEntry): string[] {
  return [
    `${Cid}\t${WaitedMs} ms\t${Reason}`,
    ...Asked.map(({ Peer, Want, SinceMs, Has, ExpectedMs, Silent }) => {
      const words = [`\t${Peer}: asked ${Want === 'have' ? 'whether it has it' : 'for it'} ${SinceMs} ms ago`]
      if (Has !== undefined) words.push(Has ? 'has it' : 'lacks it')
      if (Silent === true) words.push('silent')
      else if (ExpectedMs !== undefined) words.push(`expected in ${ExpectedMs} ms`)
      return words.join(', ')
    }),
  ]
}

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
    const { sent, received, exchanges, wasted } = (await swarmOf(input)).bitswap.accountOf(peer)
    // The debt ratio of boxo. It has no `Wasted`: bytes received that were of no use.
    yield { Peer: peer, Value: sent / (received + 1), Sent: sent, Recv: received, Exchanged: exchanges, Wasted: wasted }
  },
  answer: lastEvent,
  text: ({ Peer, Value, Sent, Recv, Exchanged, Wasted }) =>
    [
      `Ledger for ${Peer}`,
      `Debt ratio:\t${Value.toFixed(6)}`,
      `Exchanges:\t${Exchanged}`,
      `Bytes sent:\t${Sent}`,
      `Bytes received:\t${Recv}`,
      `Bytes wasted:\t${Wasted}`,
      '',
    ].join('\n'),
})

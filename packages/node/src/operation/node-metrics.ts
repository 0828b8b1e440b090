// The numbers of a node that others watch: storage, collections, exchange. All of them are at hand or a look at the disk away;
// none needs a walk through the repo.
import { statfs } from 'node:fs/promises'
import { limitOf } from '../config/config.ts'
import type { Node } from '../node.ts'
import type { RepoInfo } from '../repo.ts'
import type { Swarm } from '../swarm.ts'
import { counter, gauge, type Metric } from './exposition.ts'

/** The metrics of `node` on the repo. @throws UNAVAILABLE when it is closed */
export async function nodeMetrics(
  node: Node,
  { path, config }: Pick<RepoInfo, 'path' | 'config'>,
): Promise<readonly Metric[]> {
  const [{ blocks, bytes }, diskBytes, disk] = await Promise.all([
    node.store.stat(),
    node.store.diskBytes(),
    statfs(path).catch(() => undefined),
  ])
  const { collections } = node
  const { written } = node.store
  const limitBytes = limitOf(config)?.bytesMax
  return [
    gauge('cairn_blocks', 'Blocks in the repo.', blocks),
    gauge('cairn_block_bytes', 'Bytes of all blocks in the repo.', bytes),
    gauge('cairn_storage_disk_bytes', 'About the bytes on disk of the log of blocks and its index.', diskBytes),
    gauge('cairn_storage_limit_bytes', 'Bytes that these may take, where there is a limit.', samplesIf(limitBytes)),
    gauge(
      'cairn_disk_free_bytes',
      'Bytes free on the disk of the repo.',
      samplesIf(disk && disk.blocks > 0 ? disk.bavail * disk.bsize : undefined),
    ),
    counter('cairn_storage_commits_total', 'Groups of blocks that became durable together.', written.commits),
    counter('cairn_storage_written_blocks_total', 'Blocks written to the log.', written.blocks),
    counter('cairn_storage_written_bytes_total', 'Bytes of the blocks written to the log.', written.bytes),
    gauge('cairn_gc_running', 'Collections that run now.', collections.running),
    counter('cairn_gc_runs_total', 'Collections that have ended, by how.', [
      { labels: { outcome: 'done' }, value: collections.done },
      { labels: { outcome: 'ended_early' }, value: collections.failed },
    ]),
    counter('cairn_gc_seconds_total', 'Seconds that these collections took.', collections.totalMs / 1000),
    counter('cairn_gc_removed_blocks_total', 'Blocks deleted by collections.', collections.removedBlocks),
    counter('cairn_gc_removed_bytes_total', 'Bytes of the blocks deleted by collections.', collections.removedBytes),
    counter('cairn_gc_freed_bytes_total', 'About the bytes of disk given back by collections.', collections.freedBytes),
    gauge('cairn_online', 'Whether the node meets peers: 1 or 0.', node.swarm === undefined ? 0 : 1),
    ...(node.swarm === undefined ? [] : exchangeMetrics(node.swarm)),
  ]
}

function exchangeMetrics({ bitswap, host }: Swarm): readonly Metric[] {
  const stats = bitswap.stats()
  const { in: inbound, out } = host.connections()
  const name = (rest: string): string => `cairn_exchange_${rest}`
  return [
    gauge('cairn_network_connections', 'Open connections, by who began them.', [
      { labels: { direction: 'in' }, value: inbound },
      { labels: { direction: 'out' }, value: out },
    ]),
    gauge(name('peers'), 'Peers that can be asked for blocks now.', stats.peers.length),
    gauge(name('wants'), 'Blocks that are waited for now.', stats.wantlist.length),
    counter(name('messages_received_total'), 'Messages that came.', stats.messagesReceived),
    counter(name('messages_sent_total'), 'Messages that were sent.', stats.messagesSent),
    counter(name('traffic_bytes_total'), 'Bytes of whole messages, by where they went.', [
      { labels: { direction: 'in' }, value: stats.traffic.totalIn },
      { labels: { direction: 'out' }, value: stats.traffic.totalOut },
    ]),
    counter(name('received_blocks_total'), 'Blocks that came, also those of no use.', stats.blocksReceived),
    counter(name('received_bytes_total'), 'Bytes of the blocks that came.', stats.dataReceived),
    counter(name('duplicate_blocks_total'), 'Blocks that came once too often.', stats.dupBlksReceived),
    counter(name('duplicate_bytes_total'), 'Bytes of the blocks that came once too often.', stats.dupDataReceived),
    counter(name('unasked_blocks_total'), 'Blocks that came and nobody had asked for.', stats.unaskedBlksReceived),
    counter(name('unasked_bytes_total'), 'Bytes of the blocks that nobody had asked for.', stats.unaskedDataReceived),
    counter(name('sent_blocks_total'), 'Blocks sent to peers.', stats.blocksSent),
    counter(name('sent_bytes_total'), 'Bytes of the blocks sent to peers.', stats.dataSent),
    counter(
      name('refused_total'),
      'What peers sent and was dropped, by reason.',
      Object.entries(stats.refused).map(([reason, value]) => ({ labels: { reason }, value })),
    ),
  ]
}

function samplesIf(value: number | undefined): readonly { readonly value: number }[] {
  return value === undefined ? [] : [{ value }]
}

// cairn dag stat: how large DAGs are, each for itself and all together.
import { nodeKey, PackedKeys, resolvePath, walk } from '@cairn/core'
import { eventCommand } from '../command.ts'
import { STAT_BLOCKS_PER_EVENT } from '../limits.ts'

/** One DAG: its blocks, each counted once. */
interface DagStat {
  readonly Cid: string
  readonly Size: number
  readonly NumBlocks: number
}

/** All DAGs together. `TotalSize` counts a block once, `SharedSize` what the DAGs have more than once. */
export interface DagStatSummary {
  readonly UniqueBlocks: number
  readonly TotalSize: number
  readonly SharedSize: number
  /** Sizes of the DAGs added up, by the size of what is in them. */
  readonly Ratio: number
  readonly DagStats: readonly DagStat[]
}

/** How far it is: the DAG that is gone through. */
export interface DagStatProgress {
  readonly DagStats: readonly [DagStat]
}

export const dagStat = eventCommand({
  path: ['dag', 'stat'],
  summary: 'Count the blocks and bytes of DAGs, and what they share',
  examples: ['cairn dag stat bafy…', 'cairn dag stat --progress=false --json bafy… bafk…'],
  arguments: [{ name: 'root', repeat: true, isPiped: true, help: 'CID or path' }],
  options: { progress: { type: 'flag', help: 'tell how far it is; on by default' } },
  fetches: true,
  async *run({ args, options: { progress = true }, node, signal }): AsyncGenerator<DagStatSummary | DagStatProgress> {
    const { blocks } = await node()
    const unique = new PackedKeys()
    const DagStats: DagStat[] = []
    let [TotalSize, sizes] = [0, 0]
    for (const path of args) {
      const root = await resolvePath(blocks, path, { signal })
      const Cid = root.toString()
      let [Size, NumBlocks] = [0, 0]
      for await (const { cid, bytes = 0 } of walk(blocks, root, { signal })) {
        Size += bytes
        NumBlocks++
        const before = unique.size
        unique.add(nodeKey(cid))
        if (unique.size > before) TotalSize += bytes
        if (progress && NumBlocks % STAT_BLOCKS_PER_EVENT === 0) yield { DagStats: [{ Cid, Size, NumBlocks }] }
      }
      sizes += Size
      DagStats.push({ Cid, Size, NumBlocks })
    }
    const Ratio = TotalSize === 0 ? 1 : sizes / TotalSize
    yield { UniqueBlocks: unique.size, TotalSize, SharedSize: sizes - TotalSize, Ratio, DagStats }
  },
  text: (event) => ('UniqueBlocks' in event ? tableOf(event) : undefined),
  progress: (event) =>
    'UniqueBlocks' in event
      ? undefined
      : { name: event.DagStats[0].Cid, blocks: event.DagStats[0].NumBlocks, bytes: event.DagStats[0].Size },
})

function tableOf({ DagStats, TotalSize, UniqueBlocks, SharedSize, Ratio }: DagStatSummary): string {
  const cidChars = Math.max(...DagStats.map(({ Cid }) => Cid.length))
  const row = (cid: string, blocks: string, size: string) => `${cid.padEnd(cidChars)}\t${blocks.padEnd(15)}\t${size}`
  return [
    row('CID', 'Blocks', 'Size'),
    ...DagStats.map(({ Cid, Size, NumBlocks }) => row(Cid, `${NumBlocks}`, `${Size}`)),
    '',
    'Summary',
    `Total Size: ${TotalSize}`,
    `Unique Blocks: ${UniqueBlocks}`,
    `Shared Size: ${SharedSize}`,
    `Ratio: ${Ratio.toFixed(6)}`,
  ].join('\n')
}

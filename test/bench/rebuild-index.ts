// `rebuild-index.ts FOLDER`: opens a store without its index.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openLevelStore } from '@cairn/blockstore'
import { say, sayPeak } from './report.ts'

const [folder = ''] = process.argv.slice(2)
await rm(join(folder, 'index'), { recursive: true })
const startedMs = performance.now()
const store = await openLevelStore(folder)
const seconds = (performance.now() - startedMs) / 1000
const { blocks, bytes } = await store.stat()
say(
  `rebuild the index, ${blocks} blocks`,
  `${Math.round(blocks / seconds)} blocks/s, ${Math.round(bytes / 1e6 / seconds)} MB/s`,
)
await store.close()
sayPeak()

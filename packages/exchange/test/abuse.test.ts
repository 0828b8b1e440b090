// A server under attack beside an honest peer, in processes: short here, a minute of a hundred attackers in `npm run test:slow`,
// and with the goals in `npm run bench:abuse`.
import { expect, test } from 'vitest'
import { runCampaign } from './abuse/campaign.ts'

const MIB = 1024 * 1024
const isLong = process.env['CAIRN_SLOW'] === '1'

/** What is sent, and for how long at most. */
const ATTACK = isLong
  ? { connections: 100, wants: 1_000_000, bytesPerSecond: 125_000_000, passes: 5, attackMs: 60_000 }
  : { connections: 5, wants: 20_000, bytesPerSecond: 20_000_000, passes: 1, attackMs: 5000 }

test(
  'an honest peer loses nothing beside peers that flood, and memory stays bounded',
  { timeout: 300_000 },
  async () => {
    // Fails by itself when a block is lost or wrong.
    const { alone, attacked } = await runCampaign(ATTACK)
    expect(attacked.blocks).toBeGreaterThanOrEqual(1000)
    // Far above the goal, which the benchmark looks at: what the heap of a machine under load takes differs.
    expect(attacked.rss - alone.rss).toBeLessThan(400 * MIB)
  },
)

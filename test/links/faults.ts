// What must go on when links break, and who must meet whom: each function makes its own stage and gives what came of it.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Report } from './reader.ts'
import { Stage } from './stage.ts'

const MIB = 1024 * 1024
const LINE = { delayMs: 5, upBytesPerMs: 8000 } as const
/** What is downloaded, in a second and more. */
export const FILE_BYTES = 10 * MIB
/** Well within that second, from two at once as well. */
const CUT_AFTER_MS = 400

/** A download whose only link is dead for `downMs` in the middle. */
export async function cutLink(downMs: number): Promise<Report> {
  await using stage = await Stage.open([{}, LINE])
  const repo = await stage.repo('provider')
  const cid = await stage.add(repo, FILE_BYTES)
  const reader = await stage.reader(0, await stage.repo('reader'), [await stage.daemon(1, repo)])
  const reading = reader.order({ verb: 'read', cid })
  await sleep(CUT_AFTER_MS)
  stage.corner(1).cut()
  await sleep(downMs)
  stage.corner(1).shape(LINE)
  return await reading
}

/** A download from two, of which the link of one dies for good in the middle. */
export async function loseProvider(): Promise<Report> {
  await using stage = await Stage.open([{}, LINE, LINE])
  const addresses: string[] = []
  let cid = ''
  for (const index of [1, 2]) {
    const repo = await stage.repo(`provider${index}`)
    cid = await stage.add(repo, FILE_BYTES)
    addresses.push(await stage.daemon(index, repo))
  }
  const reader = await stage.reader(0, await stage.repo('reader'), addresses)
  const reading = reader.order({ verb: 'read', cid })
  await sleep(CUT_AFTER_MS)
  stage.corner(1).cut()
  return await reading
}

/** A download by a node that was told no address, from one that announces itself. */
export async function discover(): Promise<Report> {
  await using stage = await Stage.open([{}, {}])
  const announces = (config: object): object => ({ ...config, Discovery: { MDNS: { Enabled: true } } })
  const repo = await stage.repo('provider', announces)
  const cid = await stage.add(repo, MIB)
  await stage.daemon(1, repo)
  const reader = await stage.reader(0, await stage.repo('reader', announces), [])
  return await reader.order({ verb: 'read', cid })
}

/** A download in a private network, and whether one without the key gets in. */
export async function privateNetwork(): Promise<{ readonly inside: Report; readonly isOutsideIn: boolean }> {
  await using stage = await Stage.open([{}, {}, {}])
  const repos = await Promise.all(['provider', 'inside', 'outside'].map((name) => stage.repo(name)))
  const [provider = '', inside = '', outside = ''] = repos
  const key = `/key/swarm/psk/1.0.0/\n/base16/\n${'5a'.repeat(32)}\n`
  for (const repo of [provider, inside]) await writeFile(join(repo, 'swarm.key'), key)
  const cid = await stage.add(provider, MIB)
  const address = await stage.daemon(1, provider)
  const reader = await stage.reader(0, inside, [address])
  const report = await reader.order({ verb: 'read', cid })
  const isOutsideIn = await stage.reader(2, outside, [address]).then(
    () => true,
    () => false,
  )
  return { inside: report, isOutsideIn }
}

// What people download with, against the gateway of a daemon: a client that verifies, curl, and wget.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { withHTTP } from '@helia/http'
import { createVerifiedFetch } from '@helia/verified-fetch'
import { createHeliaLight } from 'helia'
import { afterAll, expect, it } from 'vitest'
import { startDaemon } from './kubo-daemon.ts'

const run = promisify(execFile)
const daemon = await startDaemon()
const folder = await mkdtemp(join(tmpdir(), 'cairn-interop-'))
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})
const content = randomBytes(5_000_000)
const { cid } = await daemon.client.add(content, { cidVersion: 1 })
const url = `${daemon.gateway}/ipfs/${cid}`

it('verified-fetch has files and directories of it, and proves them', async () => {
  // Nobody else is asked: no gateways or routers of its own, and a router that knows nothing, or it would wait forever.
  const nobody = { name: 'nobody', async *findProviders() {} }
  const helia = withHTTP(createHeliaLight({ routers: [nobody] }), {
    delegatedRouters: [],
    recursiveGateways: [daemon.gateway],
    allowInsecure: true,
    allowLocal: true,
  })
  await helia.start()
  const fetchVerified = await createVerifiedFetch(helia)
  try {
    const answer = await fetchVerified(`ipfs://${cid}`)
    expect(answer.status).toBe(200)
    expect(Buffer.from(await answer.arrayBuffer()).equals(content)).toBe(true)
    const part = await fetchVerified(`ipfs://${cid}`, { headers: { range: 'bytes=3000000-3999999' } })
    expect(part.status).toBe(206)
    expect(Buffer.from(await part.arrayBuffer()).equals(content.subarray(3_000_000, 4_000_000))).toBe(true)
    let root = ''
    const files = [
      { path: 'site/index.html', content: '<h1>cairn</h1>' },
      { path: 'site/a b/ü.txt', content: 'stones' },
    ]
    for await (const entry of daemon.client.addAll(files, { cidVersion: 1 })) root = String(entry.cid)
    expect(await (await fetchVerified(`ipfs://${root}/a b/ü.txt`)).text()).toBe('stones')
    expect(await (await fetchVerified(`ipfs://${root}/`)).text()).toBe('<h1>cairn</h1>')
    expect((await fetchVerified(`ipfs://${root}/nothing`)).status).toBe(404)
  } finally {
    await fetchVerified.stop()
    await helia.stop()
  }
})

for (const [name, args] of [
  ['curl', (file: string) => ['-sf', '-C', '-', '-o', file, url]],
  ['wget', (file: string) => ['-q', '-c', '-O', file, url]],
] as const) {
  const isThere = await run(name, ['--version']).then(
    () => true,
    () => false,
  )
  if (!isThere) console.warn(`${name} is not installed: its test is skipped`)
  it.skipIf(!isThere)(`${name} goes on with a download that was broken off`, async () => {
    const file = join(folder, name)
    // Other bytes than the file begins with: those that are here are not asked for again.
    const begin = Buffer.alloc(1_234_567, 1)
    await writeFile(file, begin)
    await run(name, args(file))
    expect((await readFile(file)).equals(Buffer.concat([begin, content.subarray(begin.length)]))).toBe(true)
  })
}

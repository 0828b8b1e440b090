// The example in packages/stores/README.md, run as it stands there in a process of its own.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import { openNode } from '@cairn/node'
import { parseCid } from '@cairn/core'
import { expect, it } from 'vitest'
import { readAll } from './content.ts'
import { newRepo } from './temp-repo.ts'

it('mounts a Cairn repo in Helia, as the README says', async () => {
  const readme = readFileSync(new URL('../../packages/stores/README.md', import.meta.url), 'utf8')
  const example = /^```js\n(.*?)^```$/ms.exec(readme)?.[1]
  if (example === undefined) throw new Error('packages/stores/README.md has no example')
  const path = await newRepo()
  await rm(path, { recursive: true })
  const flags = ['--conditions=source', '--input-type=module', '-']
  const run = promisify(execFile)(process.execPath, [...flags, path], { cwd: import.meta.dirname, timeout: 30_000 })
  run.child.stdin?.end(example)
  const { stdout } = await run
  await using node = await openNode(path)
  expect(new TextDecoder().decode(await readAll(node.blocks, parseCid(stdout.trim())))).toBe(
    'Stones, piled up to mark a way.',
  )
})

// The example in packages/rpc/README.md, run as it stands there in a process of its own, on a daemon.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { openClient } from '@cairn/rpc'
import { expect, test } from 'vitest'
import { expectFailed, openPlace } from './cairn.ts'

test('the typed client drives a daemon, as the README says', async () => {
  const readme = readFileSync(new URL('../../packages/rpc/README.md', import.meta.url), 'utf8')
  const example = /^```js\n(.*?)^```$/ms.exec(readme)?.[1]
  if (example === undefined) throw new Error('packages/rpc/README.md has no example')
  await using place = await openPlace()
  const repo = await place.repo('repo')
  const { child, ended } = await place.daemon(repo)
  const address = await readFile(place.path('repo', 'api'), 'utf8')
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-', address], { cwd: import.meta.dirname })
  run.child.stdin?.end(example)
  expect(await run).toEqual({ stdout: 'Stones, piled up to mark a way.\nrecursive\nNOT_FOUND\n', stderr: '' })
  using client = openClient(address)
  expect(await client.last('shutdown')).toBeUndefined()
  expect((await ended).code).toBe(0)
  expect(child.killed).toBe(false)
})

test('a command on a daemon says which block it has waited for', async () => {
  await using place = await openPlace()
  const repo = await place.repo('repo')
  const { child, ended } = await place.daemon(repo)
  const nowhere = 'bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am'
  for (const command of ['cat', 'get', 'ls', 'pin add']) {
    const result = await place.cairn(['--repo', repo, '--timeout', '300ms', ...command.split(' '), nowhere])
    expectFailed(result)
    expect(result.stderr).toContain(`no peer sent block ${nowhere}`)
  }
  child.kill('SIGTERM')
  await ended
})

// Tokens for the RPC, and what they are made for.
import { join } from 'node:path'
import { createRepo, readRepo } from '@cairn/node'
import { expect, test } from 'vitest'
import { COMMANDS } from '../src/index.ts'
import { tempFolder } from './temp-folder.ts'

async function allow(...prefixes: readonly string[]): Promise<unknown> {
  const path = join(await tempFolder(), 'repo')
  await createRepo(path, 'test')
  const command = COMMANDS.find((row) => row.path.join(' ') === 'token add')
  if (command?.output !== 'events') throw new Error('there is no token add')
  const input = { args: ['me'], options: { allow: prefixes }, repo: () => readRepo(path) }
  await Array.fromAsync(command.run(input as unknown as Parameters<typeof command.run>[0]))
  return (await readRepo(path)).config.API?.Authorizations?.['me']?.AllowedPaths
}

test.for(['/api', '/api/v0', '/api/v0/', '/api/v0/pin', '/api/v0/key/ls', '/api/v0/cat/bafy', '/debug'])(
  'a token for %s is made',
  async (prefix) => {
    expect(await allow(prefix)).toEqual([prefix])
  },
)

test.for([
  '',
  '/',
  'foo',
  'api/v0',
  '/api/v0/nothing',
  '/api/v1',
  '/api/v0/token',
  '/api/v0//id',
  '/api/v0/key/export',
])('a token for "%s" opens nothing, or all without saying so, and is refused', async (prefix) => {
  await expect(allow('/api/v0/id', prefix)).rejects.toMatchObject({ code: 'INVALID' })
})

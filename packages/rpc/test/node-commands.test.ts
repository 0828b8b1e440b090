// Commands about the node and its repo.
import { expect, test } from 'vitest'
import { openRunner } from './command-runner.ts'

interface Entry {
  readonly Name: string
  readonly Subcommands: readonly Entry[]
  readonly Options: readonly { readonly Names: readonly string[] }[]
}

test('version tells the program and the layout that it makes', async () => {
  const { answer, node, text } = await openRunner()
  expect(await answer('version')).toEqual({
    Version: '1.2.3',
    Commit: '',
    Repo: '1',
    System: expect.stringMatching(/^\w+\/\w+$/),
    Golang: expect.stringMatching(/^node v/),
  })
  expect(await answer('repo version')).toEqual({ Version: 'cairn-repo@1' })
  expect(await text('version', { options: { number: true } })).toBe('1.2.3')
  expect(node.swarm).toBeUndefined()
})

test('commands is the table as a tree', async () => {
  const { answer, text } = await openRunner()
  const root = (await answer('commands')) as Entry
  const at = (entry: Entry | undefined, name: string) => entry?.Subcommands.find(({ Name }) => Name === name)
  expect(at(root, 'add')?.Options).toContainEqual({ Names: ['quieter', 'Q'] })
  expect(at(at(at(root, 'swarm'), 'addrs'), 'local')).toEqual({
    Name: 'local',
    Subcommands: [],
    Options: [{ Names: ['id'] }],
  })
  expect(at(at(root, 'repo'), 'ls')).toBeDefined()
  expect(at(root, 'commands')).toBeDefined()
  expect((await text('commands')).split('\n')).toContain('cairn pin add')
})

test('shutdown ends the daemon that runs it', async () => {
  const { answer } = await openRunner()
  await expect(answer('shutdown')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  let ended = 0
  expect(await answer('shutdown', { shutdown: () => void ended++ })).toBeUndefined()
  expect(ended).toBe(1)
})

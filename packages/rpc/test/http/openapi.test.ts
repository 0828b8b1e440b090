// The OpenAPI document of the table: every call, its arguments and options. test/interop proves it valid.
import { expect, test } from 'vitest'
import { COMMANDS } from '../../src/index.ts'
import { openRpc } from './open-rpc.ts'

interface Parameter {
  readonly name?: string
  readonly schema?: unknown
}

interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, { readonly post: { readonly parameters: readonly Parameter[] } }>>
}

test('the document has every call that is served, with its arguments and options', async () => {
  const { post } = await openRpc()
  const [document] = (await post('commands/openapi')).values as [Document]
  expect(document.openapi).toBe('3.1.1')
  const paths = COMMANDS.filter(({ isLocal }) => !isLocal).flatMap(({ path, aliases }) => [path, ...aliases])
  expect(new Set(Object.keys(document.paths))).toEqual(new Set(paths.map((path) => `/${path.join('/')}`)))
  const parameters = (path: string) => document.paths[path]?.post.parameters ?? []
  const names = parameters('/pin/ls').map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['arg', 'type', 'name', 'names', 'quiet', 'stream']))
  const [two] = parameters('/pin/update')
  expect(two?.schema).toEqual({ type: 'array', items: { type: 'string' }, minItems: 2, maxItems: 2 })
  expect(parameters('/add').map(({ name }) => name)).not.toContain('ignore-rules-path')
})

// The OpenAPI document of the RPC, by a validator that knows the specification.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, test } from 'vitest'

const CLI = fileURLToPath(new URL('../../packages/cli/bin/cairn.js', import.meta.url))

test('the OpenAPI document is valid', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, 'commands', 'openapi'])
  const document = JSON.parse(stdout) as Record<string, unknown>
  expect(await new Validator().validate(structuredClone(document))).toEqual({ valid: true })
  // The validator can tell.
  expect(await new Validator().validate({ ...document, paths: { x: 1 } })).toMatchObject({ valid: false })
})

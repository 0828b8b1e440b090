// cairn token add, ls and rm: secrets for the RPC. They stand in the config as Kubo has them, but only as hashes; a daemon that
// runs takes a change up by itself.
import { CairnError } from '@cairn/core'
import { eventCommand, type Command } from '../command.ts'
import { newSecret } from '../http/authorization.ts'
import { API_PATH, METRICS_PATH } from '../http/paths.ts'

/** One token. */
export interface TokenEvent {
  readonly Name: string
  /** Only when it is made: it stands nowhere. */
  readonly Token?: string
  readonly AllowedPaths?: readonly string[]
  readonly ReadOnly?: boolean
  readonly PinNamespace?: string
}

/** Only on the command line: over the RPC, who has a token could make one that opens more. */
const LOCAL = { isLocal: true, usesNode: false } as const

/** The command that makes tokens for what is in `table`. */
export function tokenAddFor(table: () => readonly Command[]) {
  return eventCommand({
    path: ['token', 'add'],
    summary: 'Make a token for the RPC, and ask every caller for one from then on',
    examples: [
      'cairn token add me',
      'cairn token add backup --allow /api/v0/add --allow /api/v0/pin',
      'cairn token add looker --read-only',
      'cairn token add anna --pins anna   her pins are hers alone',
    ],
    arguments: [{ name: 'name', help: 'what it is called in the config' }],
    options: {
      allow: { type: 'texts', value: 'PATH', help: 'beginning of the paths that it opens; all by default' },
      'read-only': { type: 'flag', help: 'it opens only what changes nothing' },
      pins: { type: 'text', value: 'NAMESPACE', help: 'its pins are apart from those of others' },
    },
    ...LOCAL,
    async *run({ args, options, repo }): AsyncGenerator<TokenEvent> {
      const [name = ''] = args
      const { allow = ['/api/v0', '/debug'], 'read-only': readOnly = false } = options
      const { pins } = options
      for (const prefix of allow) requirePath(prefix, table())
      const { secret, stored } = newSecret()
      const scope = {
        AllowedPaths: allow,
        ...(readOnly && { ReadOnly: true }),
        ...(pins !== undefined && { PinNamespace: pins }),
      }
      await (await repo()).settings.setAuthorization(name, { AuthSecret: stored, ...scope })
      yield { Name: name, Token: secret, ...scope }
    },
    text: ({ Token }) => Token,
  })
}

/** @throws INVALID for the beginning of no path: a token that opens nothing is a mistake, and one that opens all says so */
function requirePath(prefix: string, table: readonly Command[]): void {
  const paths = table
    .filter(({ isLocal }) => !isLocal)
    .flatMap(({ path, aliases }) => [path, ...aliases].map((words) => API_PATH + words.join('/')))
  // An argument may stand behind the words of a command.
  const isOne = [...paths, METRICS_PATH].some((path) => path.startsWith(prefix) || prefix.startsWith(`${path}/`))
  if (prefix.startsWith('/') && prefix !== '/' && isOne) return
  throw new CairnError(
    'INVALID',
    `Cannot make a token for ${JSON.stringify(prefix)}: no path begins so; there are ${API_PATH}add and others, by "cairn commands", and ${METRICS_PATH}`,
  )
}

export const tokenLs = eventCommand({
  path: ['token', 'ls'],
  summary: 'List the tokens for the RPC, and what they open',
  examples: ['cairn token ls'],
  options: {},
  ...LOCAL,
  async *run({ repo }): AsyncGenerator<TokenEvent> {
    const { API } = (await repo()).config
    for (const [name, row] of Object.entries(API?.Authorizations ?? {})) {
      const { AuthSecret: _, ...scope } = row
      yield { Name: name, ...scope }
    }
  },
  text: ({ Name, AllowedPaths = [], ReadOnly, PinNamespace }) =>
    [
      Name,
      AllowedPaths.join(','),
      ...(ReadOnly === true ? ['read-only'] : []),
      ...(PinNamespace === undefined ? [] : [`pins ${PinNamespace}`]),
    ].join('\t'),
})

export const tokenRm = eventCommand({
  path: ['token', 'rm'],
  summary: 'Remove tokens for the RPC: who has one may no longer call',
  examples: ['cairn token rm looker'],
  arguments: [{ name: 'name', repeat: true, help: 'what it is called in the config' }],
  options: {},
  ...LOCAL,
  async *run({ args, repo }): AsyncGenerator<TokenEvent> {
    const { settings } = await repo()
    for (const name of args) {
      await settings.setAuthorization(name, undefined)
      yield { Name: name }
    }
  },
  text: ({ Name }) => `removed ${Name}`,
})

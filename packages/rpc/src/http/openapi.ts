// The command table as an OpenAPI 3.1 document. Source: spec.openapis.org/oas/v3.1.1.html.
import type { ArgumentSpec, Command } from '../command.ts'
import type { OptionSpec } from '../commands/option-spec.ts'
import { API_PATH } from './paths.ts'

/** A JSON object. */
type Json = { readonly [name: string]: unknown }

/** The document for `commands`, of which it leaves out those that are not called over HTTP. */
export function openApiOf(commands: readonly Command[], version: string): Json {
  const paths = commands
    .filter(({ isLocal }) => !isLocal)
    .flatMap((command) =>
      [command.path, ...command.aliases].map((path) => [`/${path.join('/')}`, { ...item(command, path) }]),
    )
  return {
    openapi: '3.1.1',
    info: {
      title: 'Cairn RPC',
      version,
      summary: 'What a node can be told to do, as in the RPC of Kubo',
      license: { name: 'Apache-2.0 OR MIT', identifier: 'Apache-2.0 OR MIT' },
    },
    servers: [{ url: `http://127.0.0.1:5001${API_PATH.slice(0, -1)}` }],
    security: [{}, { bearer: [] }, { basic: [] }],
    tags: [...new Set(commands.map(tagOf))].map((name) => ({ name })),
    paths: Object.fromEntries(paths) as Json,
    components: {
      parameters: GLOBAL,
      responses: { Failure: FAILURE, Refusal: REFUSAL, Denial: DENIAL },
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' }, basic: { type: 'http', scheme: 'basic' } },
    },
  }
}

function item(command: Command, path: readonly string[]): Json {
  const body = command.arguments.find(({ kind }) => kind === 'source')
  return {
    post: {
      operationId: path.join('_'),
      summary: command.summary,
      description: command.examples.map((example) => `    ${example}`).join('\n'),
      tags: [tagOf(command)],
      parameters: [
        ...argumentsOf(command),
        ...Object.entries(command.options)
          .filter(([name, { isLocal }]) => isLocal !== true && !(name in GLOBAL))
          .map(([name, spec]) => ({ name, in: 'query', description: spec.help, schema: schemaOf(spec) })),
        ...Object.keys(GLOBAL).map((name) => ({ $ref: `#/components/parameters/${name}` })),
      ],
      ...(body !== undefined && { requestBody: bodyOf(body) }),
      responses: {
        '200': { description: 'What comes of it', headers: HEADERS, content: contentOf(command) },
        '400': { $ref: '#/components/responses/Refusal' },
        '403': { $ref: '#/components/responses/Denial' },
        '500': { $ref: '#/components/responses/Failure' },
      },
    },
  }
}

function tagOf({ path }: Command): string {
  return path[0] ?? ''
}

/** Arguments are one parameter, which is given for each in turn. */
function argumentsOf({ arguments: specs }: Command): readonly Json[] {
  const texts = specs.filter(({ kind = 'text' }) => kind === 'text')
  if (texts.length === 0) return []
  const needed = texts.filter(({ optional = false }) => optional === false).length
  return [
    {
      name: 'arg',
      in: 'query',
      required: needed > 0,
      description: texts.map(({ name, help }) => `${name}: ${help}`).join('; '),
      explode: true,
      schema: {
        type: 'array',
        items: { type: 'string' },
        ...(needed > 0 && { minItems: needed }),
        ...(texts.at(-1)?.repeat !== true && { maxItems: texts.length }),
      },
    },
  ]
}

function schemaOf(spec: OptionSpec): Json {
  if (spec.type === 'flag') return { type: 'boolean' }
  if (spec.type === 'count')
    return { type: 'integer', minimum: 0, ...(spec.choices && { enum: spec.choices.map(Number) }) }
  if (spec.type === 'texts') return { type: 'array', items: { type: 'string' } }
  return { type: 'string', ...(spec.choices && { enum: spec.choices }) }
}

function bodyOf({ help, repeat = false }: ArgumentSpec): Json {
  const file = { type: 'string', contentMediaType: 'application/octet-stream' }
  return {
    required: true,
    description: `${help}. Each part has its percent-encoded path for a filename; folders come before what is in them, as application/x-directory`,
    content: {
      'multipart/form-data': {
        schema: { type: 'object', properties: { file: repeat ? { type: 'array', items: file } : file } },
      },
    },
  }
}

function contentOf(command: Command): Json {
  if (command.output === 'bytes') return { [command.contentType]: {} }
  if (command.output === 'tree') return { 'application/x-tar': {}, 'application/gzip': {} }
  return {
    'application/json': { schema: { description: 'One value, or one a line where X-Chunked-Output is set' } },
    'text/plain': { schema: { type: 'string' } },
  }
}

function parameter(name: string, description: string, schema: Json): Json {
  return { name, in: 'query', description, schema }
}

/** What every call takes. */
const GLOBAL: Json = {
  encoding: parameter('encoding', 'how results are written', { type: 'string', enum: ['json', 'text'] }),
  timeout: parameter('timeout', 'give up after this time, such as 30s or 5m', { type: 'string' }),
  offline: parameter('offline', 'only what is in the repo counts', { type: 'boolean' }),
}

function header(description: string): Json {
  return { description, schema: { type: 'string' } }
}

const HEADERS: Json = {
  'X-Chunked-Output': header('there is a value on each line'),
  'X-Stream-Output': header('there are bytes'),
  'X-Content-Length': header('how many bytes there are, where that is known'),
  'X-Stream-Error': header('a trailer: what went wrong after the first byte'),
}

const FAILURE: Json = {
  description: 'The command failed',
  content: {
    'application/json': {
      schema: {
        type: 'object',
        required: ['Message', 'Code', 'Type'],
        properties: {
          Message: { type: 'string' },
          Code: { type: 'integer', description: '0 normal, 1 of the client, 3 too many requests, 4 forbidden' },
          Type: { const: 'error' },
        },
      },
    },
  },
}

const REFUSAL: Json = {
  description: 'Arguments or options that do not read',
  content: { 'text/plain': { schema: { type: 'string' } } },
}

const DENIAL: Json = {
  description: 'The caller may not call this',
  content: { 'text/plain': { schema: { type: 'string' } } },
}

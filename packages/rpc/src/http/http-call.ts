// From the target of a request to one call of a command: Kubo's rules for arguments and options in a query.
// Source: go-ipfs-cmds http/parse.go.
import { CairnError, DURATION_MS_MAX, parseDuration } from '@cairn/core'
import type { CidFormOptions } from '../commands/cid-form.ts'
import type { Command, CommandInput } from '../command.ts'
import { contradictionIn, type OptionSpec } from '../commands/option-spec.ts'
import { QUERY_FIELDS_MAX } from './limits.ts'
import { API_PATH } from './paths.ts'

/** In which form results go out: as Kubo's RPC has them, as lines for people, or as the command line takes them. */
export type Encoding = 'json' | 'text' | 'events'

/** One call as a request says it. */
export interface HttpCall {
  readonly command: Command
  readonly args: readonly string[]
  readonly options: CommandInput['options']
  readonly encoding: Encoding
  /** Whether progress goes out beside results. */
  readonly tellsProgress: boolean
  readonly timeoutMs: number | undefined
  /** Whether only what is in the repo counts. */
  readonly isOffline: boolean
  /** How CIDs in results are written. */
  readonly cidForm: CidFormOptions
}

/** A request that calls nothing, by the code that says so. */
export class BadRequest extends Error {
  readonly status: 400 | 404

  constructor(status: 400 | 404, message: string) {
    super(message)
    this.status = status
  }
}

/** What a request says of its call before its body. */
export interface CallHead {
  readonly url: URL
  readonly contentType: string | undefined
}

/** What `url` calls of `commands`. @throws BadRequest */
export function readCall(commands: CommandPaths, { url, contentType }: CallHead): HttpCall {
  const path = decodePath(url)
  if (!path.startsWith(API_PATH)) throw notFound()
  const words = path.slice(API_PATH.length).split('/')
  const found = commands.find(words)
  if (found === undefined || words.length > found.words + 1) throw notFound()
  const { command } = found
  const query = readQuery(url.searchParams)
  const args = [...words.slice(found.words).filter((word) => word !== ''), ...(query.get('arg') ?? [])]
  const options = readOptions(command, query)
  checkArguments(command, args)
  checkSource(command, contentType)
  const timeout = single(query, 'timeout')
  return {
    command,
    args,
    options,
    encoding: encodingOf(single(query, 'encoding')),
    tellsProgress: flagOf('progress', single(query, 'progress') ?? 'false'),
    timeoutMs: timeout === undefined ? undefined : durationOf(timeout),
    isOffline: flagOf('offline', single(query, 'offline') ?? 'false'),
    cidForm: cidFormOf(query),
  }
}

/** Finds commands by the words of a path, as many words as there are. */
export class CommandPaths {
  readonly #byPath: ReadonlyMap<string, Command>

  constructor(commands: readonly Command[]) {
    this.#byPath = new Map(
      commands.flatMap((command) =>
        [command.path, ...command.aliases].map((path): [string, Command] => [path.join('/'), command]),
      ),
    )
  }

  find(words: readonly string[]): { readonly command: Command; readonly words: number } | undefined {
    for (let count = words.length; count > 0; count--) {
      const command = this.#byPath.get(words.slice(0, count).join('/'))
      if (command !== undefined) return { command, words: count }
    }
    return undefined
  }
}

type Query = ReadonlyMap<string, readonly string[]>

function readQuery(params: URLSearchParams): Query {
  if (params.size > QUERY_FIELDS_MAX) throw new BadRequest(400, `a call has at most ${QUERY_FIELDS_MAX} arguments`)
  const query = new Map<string, string[]>()
  for (const [name, value] of params) {
    const values = query.get(name)
    if (values === undefined) query.set(name, [value])
    else values.push(value)
  }
  return query
}

function readOptions(command: Command, query: Query): CommandInput['options'] {
  const options: Record<string, NonNullable<CommandInput['options'][string]>> = {}
  for (const [name, spec] of Object.entries(command.options)) {
    const given = query.has(name) ? name : (spec.short ?? name)
    if (spec.type === 'texts') {
      const values = query.get(given)
      if (values !== undefined) options[name] = values
      continue
    }
    const value = single(query, given)
    if (value !== undefined) options[name] = valueOf(name, spec, value)
  }
  const contradiction = contradictionIn(command.options, options, '')
  if (contradiction !== undefined) throw new BadRequest(400, `options: ${contradiction}`)
  return options
}

function valueOf(name: string, spec: Exclude<OptionSpec, { type: 'texts' }>, value: string): boolean | number | string {
  if (spec.type === 'flag') return flagOf(name, value)
  if (spec.choices?.includes(value) === false)
    throw new BadRequest(400, `option ${name} is one of ${spec.choices.join(', ')}, not ${JSON.stringify(value)}`)
  if (spec.type === 'count') {
    if (!/^\d{1,15}$/.test(value)) throw new BadRequest(400, `option ${name} is a whole number from 0 up`)
    return Number(value)
  }
  try {
    spec.check?.(value)
  } catch (error) {
    throw error instanceof CairnError ? new BadRequest(400, `option ${name}: ${error.message}`) : error
  }
  return value
}

/** As Go reads a boolean; nothing is true, as in `?pin`. */
function flagOf(name: string, value: string): boolean {
  if (['', '1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false
  throw new BadRequest(400, `option ${name} is true or false, not ${JSON.stringify(value)}`)
}

function checkArguments(command: Command, args: readonly string[]): void {
  const texts = command.arguments.filter(({ kind = 'text' }) => kind === 'text')
  const missing = texts.find(({ optional = false }, index) => optional === false && args.length <= index)
  if (missing !== undefined) throw new BadRequest(400, `argument "${missing.name}" is required`)
  if (args.length > texts.length && texts.at(-1)?.repeat !== true)
    throw new BadRequest(400, `expected ${texts.length} argument(s), got ${args.length}`)
}

/** What reads a body that has to be there gets one of the right form, so that its absence is no failure of the command. */
function checkSource(command: Command, contentType = ''): void {
  const source = command.arguments.find(({ kind }) => kind === 'source')
  if (source === undefined || /^multipart\/form-data\s*;/i.test(contentType)) return
  throw new BadRequest(400, `file argument "${source.name}" is required, as multipart/form-data`)
}

function cidFormOf(query: Query): CidFormOptions {
  const [base, upgrade] = [single(query, 'cid-base'), single(query, 'upgrade-cidv0-in-output')]
  return {
    ...(base !== undefined && base !== '' && { base }),
    ...(upgrade !== undefined && { upgrade: flagOf('upgrade-cidv0-in-output', upgrade) }),
  }
}

function single(query: Query, name: string): string | undefined {
  const values = query.get(name) ?? []
  if (values.length > 1) throw new BadRequest(400, `option ${name} is given ${values.length} times`)
  return values[0]
}

function encodingOf(text = 'json'): Encoding {
  if (text === 'json' || text === 'text' || text === 'events') return text
  throw new BadRequest(400, `encoding ${JSON.stringify(text)} is not supported`)
}

function durationOf(text: string): number {
  const durationMs = parseDuration(text)
  if (durationMs === undefined || durationMs > DURATION_MS_MAX)
    throw new BadRequest(400, `option timeout is a duration such as 30s, not ${JSON.stringify(text)}`)
  return durationMs
}

/** The path of `url` as it is meant: what counts for who may call is also what is called. @throws BadRequest */
export function decodePath({ pathname }: URL): string {
  try {
    return decodeURIComponent(pathname)
  } catch {
    throw new BadRequest(400, 'the path is not percent-encoded UTF-8')
  }
}

function notFound(): BadRequest {
  return new BadRequest(404, '404 page not found')
}

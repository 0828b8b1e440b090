// Runs one call and sends what it yields.
import type { IncomingMessage } from 'node:http'
import { CairnError, parsePath } from '@cairn/core'
import { bodyBytes, type BodyOptions } from '@cairn/http'
import type { Node } from '@cairn/node'
import type { CommandInput, EventCommand, TreeCommand } from '../command.ts'
import { fileOf, gzipOf, tarOf } from '../tree-archive.ts'
import { Answer, type Answered, type AnswerKind } from './answer.ts'
import type { OpenCall } from './call-log.ts'
import type { HttpCall } from './http-call.ts'
import { timeoutMessage } from './http-error.ts'
import { readMultipart } from './multipart.ts'
import { offlineView } from './offline-view.ts'

/** What every call is given. */
export type CallContext = Pick<CommandInput, 'node' | 'running' | 'repo' | 'agentVersion' | 'shutdown' | 'operation'>

/** A request and its answer. */
export interface Exchange extends Answered {
  /** Aborts when the server closes. */
  readonly signal: AbortSignal
  /** Where it is noted what was called, and how it ended. */
  readonly record?: OpenCall | undefined
}

/** Runs `call` and answers; never rejects. The client's going away ends the work. */
export async function serveCall(call: HttpCall, context: CallContext, exchange: Exchange): Promise<void> {
  const { request, response, record } = exchange
  record?.calls(call)
  const stop = new AbortController()
  const onClose = (): void => stop.abort(new CairnError('UNAVAILABLE', 'Cannot go on: the client is gone'))
  response.once('close', onClose)
  const timer = call.timeoutMs === undefined ? undefined : setTimeout(() => stop.abort(tooLate()), call.timeoutMs)
  // By hand: what `AbortSignal.any` makes stays in memory as long as its longest source while anybody listens to it.
  const onServerClose = (): void => stop.abort(exchange.signal.reason)
  if (exchange.signal.aborted) onServerClose()
  exchange.signal.addEventListener('abort', onServerClose)
  const { signal } = stop
  const node = async (): Promise<Node> => (call.isOffline ? offlineView(await context.node()) : context.node())
  const input: CommandInput = {
    ...context,
    node,
    reader: async () => (await node()).blocks,
    args: call.args,
    options: call.options,
    sources: sourcesOf(call, request, { signal, idleTimeoutMs: exchange.limits.idleTimeoutMs }),
    signal,
  }
  const { kind, pieces } = outputOf(call, input)
  const answer = new Answer(exchange, { ...kind, isOwn: call.encoding === 'events' })
  try {
    for await (const piece of pieces) await answer.write(piece)
    await answer.end()
  } catch (error) {
    const reason: unknown = signal.aborted ? signal.reason : error
    record?.fails(reason)
    await answer.fail(reason)
  } finally {
    clearTimeout(timer)
    answer.close()
    response.off('close', onClose)
    exchange.signal.removeEventListener('abort', onServerClose)
  }
}

function tooLate(): CairnError {
  return new CairnError('UNAVAILABLE', timeoutMessage('Cannot finish in time'))
}

function sourcesOf({ command }: HttpCall, request: IncomingMessage, options: BodyOptions): CommandInput['sources'] {
  if (!command.arguments.some(({ kind }) => kind === 'source')) return []
  return readMultipart({ contentType: request.headers['content-type'] ?? '', bytes: bodyBytes(request, options) })
}

/** What goes out, and how clients are to understand it. */
interface Output {
  readonly kind: AnswerKind
  readonly pieces: AsyncIterable<Uint8Array | string>
}

function outputOf(call: HttpCall, input: CommandInput): Output {
  const { command, encoding, options, tellsProgress } = call
  if (command.output === 'bytes')
    return { kind: { kind: 'bytes', contentType: command.contentType }, pieces: command.run(input) }
  if (command.output === 'tree') return archiveOf(command, input)
  const events = command.run(input)
  if (encoding === 'events') return { kind: { kind: 'lines' }, pieces: linesOf(events) }
  const results = resultsOf(command, events, tellsProgress)
  if (encoding === 'text') {
    return { kind: { kind: 'bytes', contentType: 'text/plain' }, pieces: textsOf(command, results, options) }
  }
  const answer = command.answer(results, options)
  return answer instanceof Promise
    ? { kind: { kind: 'value' }, pieces: linesOf([answer]) }
    : { kind: { kind: 'lines' }, pieces: linesOf(answer) }
}

/** An archive, as `get` has it on the command line: one file is compressed by itself unless an archive is asked for. */
function archiveOf(command: TreeCommand, input: CommandInput): Output {
  const { compress = false, archive = false, 'compression-level': level } = input.options
  const items = command.run(input)
  const tar = compress === true && archive !== true ? fileOf(items) : tarOf(items, treeName(input))
  if (compress !== true) return { kind: { kind: 'bytes', contentType: 'application/x-tar' }, pieces: tar }
  const pieces = gzipOf(tar, typeof level === 'number' ? level : undefined)
  return { kind: { kind: 'bytes', contentType: 'application/gzip' }, pieces }
}

/** Values as lines of JSON; what is undefined is none. */
async function* linesOf(values: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator<string> {
  for await (const value of values) if (value !== undefined) yield `${JSON.stringify(value)}\n`
}

async function* textsOf(
  command: EventCommand,
  events: AsyncIterable<unknown>,
  options: HttpCall['options'],
): AsyncGenerator<string> {
  for await (const event of events) {
    const text = command.text(event, options)
    if (text !== undefined) yield `${text}\n`
  }
}

async function* resultsOf(
  command: EventCommand,
  events: AsyncIterable<unknown>,
  tellsProgress: boolean,
): AsyncGenerator {
  for await (const event of events) {
    if (command.note(event) !== undefined || (command.progress(event) !== undefined && !tellsProgress)) continue
    yield event
  }
}

/** The last name of the path, which is that of the root in an archive. */
function treeName({ args }: CommandInput): string {
  const { root, names } = parsePath(args[0] ?? '')
  return names.at(-1) ?? root.toString()
}

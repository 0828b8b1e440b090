// What one call sends: the results of its command in the form that is asked for.
import { parsePath } from '@cairn/core'
import { cidForm, type CidForm } from '../commands/cid-form.ts'
import type { CommandInput, EventCommand, TreeCommand } from '../command.ts'
import { fileOf, gzipOf, tarOf } from '../tree-archive.ts'
import type { AnswerKind } from './answer.ts'
import type { HttpCall } from './http-call.ts'

/** What goes out, and how clients are to understand it. */
interface Output {
  readonly kind: AnswerKind
  readonly pieces: AsyncIterable<Uint8Array | string>
}

/** What `call` sends. @throws UNSUPPORTED for a base of CIDs that there is not */
export async function outputOf(call: HttpCall, input: CommandInput): Promise<Output> {
  const { command, encoding, options, tellsProgress } = call
  const form = await cidForm(command, call.cidForm, encoding === 'text')
  if (command.output === 'bytes')
    return { kind: { kind: 'bytes', contentType: command.contentType }, pieces: command.run(input) }
  if (command.output === 'tree') return archiveOf(command, input)
  const events = command.run(input)
  if (encoding === 'events') return { kind: { kind: 'lines' }, pieces: linesOf(events) }
  const results = resultsOf(command, events, tellsProgress)
  if (encoding === 'text') {
    const texts = textsOf(command, formed(results, form), options)
    return { kind: { kind: 'bytes', contentType: 'text/plain' }, pieces: texts }
  }
  const answer = command.answer(results, options)
  return answer instanceof Promise
    ? { kind: { kind: 'value' }, pieces: linesOf(formed([answer], form)) }
    : { kind: { kind: 'lines' }, pieces: linesOf(formed(answer, form)) }
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

async function* formed(values: AsyncIterable<unknown> | Iterable<unknown>, form: CidForm | undefined): AsyncGenerator {
  for await (const value of values) yield form === undefined ? value : form(value)
}

/** Values as lines of JSON; what is undefined is none. */
async function* linesOf(values: AsyncIterable<unknown>): AsyncGenerator<string> {
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

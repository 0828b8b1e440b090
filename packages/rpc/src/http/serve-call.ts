// Runs one call and sends what it yields.
import type { IncomingMessage } from 'node:http'
import { CairnError } from '@cairn/core'
import { bodyBytes, type BodyOptions } from '@cairn/http'
import type { Node } from '@cairn/node'
import type { CommandInput } from '../command.ts'
import { Answer, type Answered } from './answer.ts'
import type { OpenCall } from './call-log.ts'
import { outputOf } from './call-output.ts'
import type { HttpCall } from './http-call.ts'
import { timeoutMessage } from './http-error.ts'
import { readMultipart } from './multipart.ts'
import { offlineView, waitingView, wantedOf } from './node-view.ts'

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
  const waiting: Waiting = new Set()
  const timer =
    call.timeoutMs === undefined
      ? undefined
      : setTimeout(() => stop.abort(tooLate(context.running, waiting)), call.timeoutMs)
  // By hand: what `AbortSignal.any` makes stays in memory as long as its longest source while anybody listens to it.
  const onServerClose = (): void => stop.abort(exchange.signal.reason)
  if (exchange.signal.aborted) onServerClose()
  exchange.signal.addEventListener('abort', onServerClose)
  const { signal } = stop
  const node = async (): Promise<Node> => {
    const opened = await context.node()
    if (call.isOffline) return offlineView(opened)
    return timer === undefined ? opened : waitingView(opened, waiting)
  }
  let answer: Answer | undefined
  const input: CommandInput = {
    ...context,
    node,
    reader: async () => (await node()).blocks,
    args: call.args,
    options: call.options,
    sources: sourcesOf(call, request, { signal, idleTimeoutMs: exchange.limits.idleTimeoutMs }),
    signal,
    onLength: (bytes) => answer?.setLength(bytes),
  }
  const isOwn = call.encoding === 'events'
  try {
    const { kind, pieces } = await outputOf(call, input)
    answer = new Answer(exchange, { ...kind, isOwn })
    for await (const piece of pieces) await answer.write(piece)
    await answer.end()
  } catch (error) {
    const reason: unknown = signal.aborted ? signal.reason : error
    record?.fails(reason)
    answer ??= new Answer(exchange, { kind: 'value', isOwn })
    await answer.fail(reason)
  } finally {
    clearTimeout(timer)
    answer?.close()
    response.off('close', onClose)
    exchange.signal.removeEventListener('abort', onServerClose)
  }
}

type Waiting = Parameters<typeof waitingView>[1]

/** The time is over: says what was waited for, if that is a block. */
function tooLate(node: Node | undefined, waiting: Waiting): CairnError {
  const [cid, ...more] = node === undefined ? [] : wantedOf(node, waiting)
  const block =
    cid === undefined ? '' : `, no peer sent block ${cid}${more.length > 0 ? ` and ${more.length} more` : ''}`
  return new CairnError('UNAVAILABLE', timeoutMessage(`Cannot finish in time${block}`), { cid })
}

function sourcesOf({ command }: HttpCall, request: IncomingMessage, options: BodyOptions): CommandInput['sources'] {
  if (!command.arguments.some(({ kind }) => kind === 'source')) return []
  return readMultipart({ contentType: request.headers['content-type'] ?? '', bytes: bodyBytes(request, options) })
}

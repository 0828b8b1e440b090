// The commands of a node in another process, with the types that the command table gives them.
import type { NamedSource } from '@cairn/core'
import type { Command, CommandInput, CommandTypes } from '../command.ts'
import type { OptionSpecs, OptionValues } from '../commands/option-spec.ts'
import { authorizationHeader } from '../http/authorization.ts'
import { parseListenAddress } from '@cairn/http'
import { remoteCommand } from './remote-command.ts'
import { RpcClient } from './rpc-client.ts'

/** Words of a path with spaces between them. */
type Joined<Path> = Path extends readonly [infer First extends string, ...infer Rest]
  ? Rest extends readonly []
    ? First
    : `${First} ${Joined<Rest>}`
  : never

/** Names of the commands with these types. */
export type NameOf<Types extends CommandTypes> = Types extends unknown ? Joined<Types['path']> : never

type Named<Types extends CommandTypes, Name> = Types extends unknown
  ? Joined<Types['path']> extends Name
    ? Types
    : never
  : never

/** The texts that a command takes, in their order. */
type Texts<Specs> = Specs extends readonly [infer First, ...infer Rest]
  ? First extends { readonly kind: 'source' }
    ? Texts<Rest>
    : First extends { readonly repeat: true }
      ? First extends { readonly optional: true }
        ? readonly string[]
        : readonly [string, ...string[]]
      : First extends { readonly optional: true }
        ? readonly [string?, ...Texts<Rest>]
        : readonly [string, ...Texts<Rest>]
  : readonly []

/** Options that mean something to a node: those about the caller's disk do not. */
type RemoteOptions<Specs extends OptionSpecs> = OptionValues<{
  [Name in keyof Specs as Specs[Name] extends { readonly isLocal: true } ? never : Name]: Specs[Name]
}>

/** What a command is called with. */
type CallOf<Entry extends CommandTypes> = {
  readonly options?: RemoteOptions<Entry['options']>
  /** Ends the call, here and at the node. */
  readonly signal?: AbortSignal
} & (readonly [] extends Texts<Entry['arguments']>
  ? { readonly args?: Texts<Entry['arguments']> }
  : { readonly args: Texts<Entry['arguments']> }) &
  (Extract<Entry['arguments'][number], { readonly kind: 'source' }> extends never
    ? object
    : {
        /** Files and folders, each read to its end, as fast as the node takes them, before the next one is asked for. */
        readonly sources: AsyncIterable<NamedSource> | readonly NamedSource[]
      })

type CallArguments<Entry extends CommandTypes> =
  object extends CallOf<Entry> ? [call?: CallOf<Entry>] : [call: CallOf<Entry>]

/** How a node is reached. */
export interface ClientOptions {
  /** Secret of a node that asks for one: `bearer:TOKEN` or `basic:USER:PASSWORD`. */
  readonly auth?: string
}

/**
 * A node in another process. Calls go out as they are iterated; what has come waits until it is taken, and then the node does.
 * Failures are `CairnError`s with the codes of the commands.
 */
export class CommandClient<Types extends CommandTypes> implements Disposable {
  readonly #client: RpcClient
  readonly #commands: ReadonlyMap<string, Command>

  /**
   * @param address of the RPC: a multiaddr, as in the file `api` of a repo
   * @throws INVALID for an address or a secret that is none
   */
  constructor(commands: readonly Command[], address: string, { auth }: ClientOptions = {}) {
    const authorization = auth === undefined ? undefined : authorizationHeader(auth)
    this.#client = new RpcClient(parseListenAddress(address), { authorization })
    this.#commands = new Map(
      commands.map((command) => [command.path.join(' '), remoteCommand(command, this.#client)] as const),
    )
  }

  /**
   * All that the command `name` yields: values, bytes, or the parts of a tree, whose blocks are proven here. Ending early ends
   * it at the node.
   *
   * @throws what the command throws, and UNAVAILABLE when the node cannot be reached or goes away
   */
  async *call<Name extends NameOf<Types>>(
    name: Name,
    ...[call]: CallArguments<Named<Types, Name>>
  ): AsyncGenerator<Named<Types, Name>['event']> {
    const command = this.#commands.get(name)
    if (command === undefined) throw new TypeError(`there is no command ${name}`)
    for await (const event of command.run(inputOf(call)))
      // The table has it as what its command yields.
      yield event as Named<Types, Name>['event']
  }

  /** Runs the command `name` to its end and gives the last thing that it yields: the result, where it yields one. @throws as `call` */
  async last<Name extends NameOf<Types>>(
    name: Name,
    ...call: CallArguments<Named<Types, Name>>
  ): Promise<Named<Types, Name>['event'] | undefined> {
    let last: Named<Types, Name>['event'] | undefined
    for await (const event of this.call(name, ...call)) last = event
    return last
  }

  /** Closes the connections that wait for a next call. */
  close(): void {
    this.#client.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** As far as a command at the other side needs it: the rest is the node's own. */
function inputOf({ args = [], options = {}, sources = [], signal }: GivenCall = {}): CommandInput {
  return {
    args: args.filter((text) => text !== undefined),
    options,
    sources,
    signal: signal ?? new AbortController().signal,
    node: elsewhere,
    reader: elsewhere,
    repo: elsewhere,
    agentVersion: '',
  }
}

interface GivenCall {
  readonly args?: readonly (string | undefined)[]
  readonly options?: CommandInput['options']
  readonly sources?: CommandInput['sources']
  readonly signal?: AbortSignal
}

function elsewhere(): never {
  throw new TypeError('the node is in another process')
}

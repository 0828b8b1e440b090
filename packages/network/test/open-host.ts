// Hosts on loopback for tests.
import { isCairnError } from '@cairn/core'
import { openHost, type Host } from '../src/host.ts'
import { generateIdentity } from '../src/identity/identity.ts'
import type { HostInit, HostSettings } from '../src/stack.ts'

export const LOOPBACK = '/ip4/127.0.0.1/tcp/0'

/** Opens hosts and closes all of them. */
export class Hosts {
  readonly #opened: Host[] = []

  async open(init: Partial<HostInit> = {}, settings: HostSettings = {}): Promise<Host> {
    const host = await openHost({ identity: generateIdentity(), listen: [LOOPBACK], ...init }, settings)
    this.#opened.push(host)
    return host
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.splice(0).map((host) => host.close()))
  }
}

export function addressOf(host: Host): string {
  const [address] = host.addresses()
  if (address === undefined) throw new Error('not listening')
  return address
}

/** The address without its peer. */
export function placeOf(host: Host): string {
  return addressOf(host).replace(/\/p2p\/.*/, '')
}

export async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return isCairnError(error) ? error.code : String(error)
}

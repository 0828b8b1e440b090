// Calls and what comes of them, run in their order on one server: transcripts of Kubo's shapes.
import { expect } from 'vitest'
import { fileForm, form, openRpc, type FormBody, type OpenRpc, type Reply } from './open-rpc.ts'

export const NUMBER: unknown = expect.any(Number)
export const TEXT: unknown = expect.any(String)
export const CID: unknown = expect.stringMatching(/^(baf[ky]|bafyr|Qm)/)

/** A call, with ROOT, LEAF and NODE for CIDs and PEER and ADDRESS for a connected peer; what is to come of it; and its body. */
export type Golden = readonly [string, (reply: Reply) => void, FormBody?]

/** A node with a folder of one file, a value, and a peer that it is connected to. */
export interface Scene {
  readonly rpc: OpenRpc
  /** What stands for the words in calls. */
  readonly words: Readonly<Record<string, string>>
}

/** What is called gives exactly these values. */
export const values =
  (...expected: readonly unknown[]) =>
  (reply: Reply) =>
    expect(reply.values).toEqual(expected)

/** What is called gives this text. */
export const bytes = (text: string) => (reply: Reply) => expect(reply.text).toBe(text)

export async function openScene(): Promise<Scene> {
  const [rpc, other] = [await openRpc({ online: true }), await openRpc({ online: true })]
  const { values: added } = await rpc.post('add', fileForm('hello', 'top/a'))
  const [leaf = '', root = ''] = (added as readonly { readonly Hash: string }[]).map(({ Hash }) => Hash)
  const put = await rpc.post('dag/put', form([{ content: '{"x":[1,2]}' }]))
  const [{ Cid }] = put.values as [{ readonly Cid: { readonly '/': string } }]
  const [{ ID, Addresses }] = (await other.post('id')).values as [{ readonly ID: string; readonly Addresses: string[] }]
  const words = { ROOT: root, LEAF: leaf, NODE: Cid['/'], PEER: ID, ADDRESS: Addresses[0] ?? '' }
  return { rpc, words }
}

/** Runs `goldens` in their order; what fails names its call and what came of it. */
export async function expectGolden({ rpc, words }: Scene, goldens: readonly Golden[]): Promise<void> {
  for (const [call, check, body] of goldens) {
    const path = call.replaceAll(/ROOT|LEAF|NODE|PEER|ADDRESS/g, (word) => words[word] ?? word)
    const reply = await rpc.post(path, body)
    expect({ call, trailers: reply.trailers }).toEqual({ call, trailers: {} })
    try {
      check(reply)
    } catch (cause) {
      throw new Error(`${call} gives ${reply.status} ${reply.text}`, { cause })
    }
  }
}

// What the exchange is to show, over links with delay: each function makes its own stage and gives what was measured.
import type { Report } from './reader.ts'
import { Stage, type AddOptions } from './stage.ts'

const KIB = 1024
const MIB = 1024 * KIB
/** Each way, on the provider's link: 50 ms a round trip. */
const FAR_MS = 25

/** Milliseconds until the first byte, from a peer that is connected already. */
export async function firstByte(delayMs: number): Promise<number> {
  await using stage = await Stage.open([{}, { delayMs }])
  const repo = await stage.repo('provider')
  const cid = await stage.add(repo, 16 * MIB)
  const address = await stage.daemon(1, repo)
  const reader = await stage.reader(0, await stage.repo('reader'), [address])
  return (await reader.order({ verb: 'read', cid })).firstMs
}

/** What came of a download, and its rate as a share of the lines'. */
export interface Download extends Report {
  readonly share: number
  /** What bare TLS sockets, one for each line, reach of them on the same stage; they know nothing of limits of a node. */
  readonly rawShare: number
}

/** One file from providers that have all of it, each with a line up of so many bytes per millisecond, or with such a limit. */
export async function fromProviders(
  ups: readonly number[],
  bytes: number,
  { isLimited = false, delayMs = FAR_MS }: { readonly isLimited?: boolean; readonly delayMs?: number } = {},
): Promise<Download> {
  const links = ups.map((upBytesPerMs) => (isLimited ? { delayMs } : { delayMs, upBytesPerMs }))
  await using stage = await Stage.open([{}, ...links])
  const addresses: string[] = []
  let cid = ''
  for (const [index, up] of ups.entries()) {
    const limits = { RateLimits: { Up: up * 1000, ExemptLocal: false } }
    const repo = await stage.repo(`provider${index}`, (config) => (isLimited ? { ...config, Cairn: limits } : config))
    cid = await stage.add(repo, bytes)
    addresses.push(await stage.daemon(index + 1, repo))
  }
  const rawMs = await socketsMs(stage, ups, bytes)
  const reader = await stage.reader(0, await stage.repo('reader'), addresses)
  const report = await reader.order({ verb: 'read', cid })
  const sum = ups.reduce((total, up) => total + up, 0)
  return { ...report, share: bytes / report.ms / sum, rawShare: bytes / rawMs / sum }
}

/** Milliseconds until bare TLS sockets have brought `bytes` to the first corner, each line its part of them, at the same time. */
async function socketsMs(stage: Stage, ups: readonly number[], bytes: number): Promise<number> {
  const sum = ups.reduce((total, up) => total + up, 0)
  const ways = ups.map((up, index) => ({
    index: index + 1,
    address: stage.corner(index + 1).address,
    part: `${Math.floor((bytes * up) / sum)}`,
  }))
  const servers = await Promise.all(
    ways.map(({ index, address, part }) => stage.talker(index, 'raw-socket.ts', 'serve', address, part)),
  )
  const readers = await Promise.all(
    ways.map(({ address, part }) => stage.talker(0, 'raw-socket.ts', 'fetch', address, part)),
  )
  const answers = await Promise.all(readers.map((reader) => reader.ask('')))
  await Promise.all([...servers, ...readers].map((talker) => talker.end()))
  return Math.max(...answers.map((answer) => (JSON.parse(answer) as { readonly ms: number }).ms))
}

/** How many times the time of a bare TLS socket for the same bytes a file takes over one link of so many bytes per millisecond. */
export async function besideSocket(bytes: number, upBytesPerMs: number, options: AddOptions): Promise<Beside> {
  await using stage = await Stage.open([{}, { delayMs: FAR_MS, upBytesPerMs }])
  const repo = await stage.repo('provider')
  const cid = await stage.add(repo, bytes, options)
  const address = await stage.daemon(1, repo)
  await stage.talker(1, 'raw-socket.ts', 'serve', stage.corner(1).address, `${bytes}`)
  const raw = await stage.talker(0, 'raw-socket.ts', 'fetch', stage.corner(1).address, `${bytes}`)
  const { ms: rawMs } = JSON.parse(await raw.ask('')) as { readonly ms: number }
  await raw.end()
  const reader = await stage.reader(0, await stage.repo('reader'), [address])
  const report = await reader.order({ verb: 'read', cid })
  return { ...report, rawMs, times: report.ms / rawMs }
}

/** A download beside that of a bare socket. */
export interface Beside extends Report {
  readonly rawMs: number
  readonly times: number
}

/** Round trips of 50 ms that a recursive pin of `leaves` under one root takes. */
export async function pinLeaves(leaves: number): Promise<number> {
  await using stage = await Stage.open([{}, { delayMs: FAR_MS }])
  const repo = await stage.repo('provider')
  const cid = await stage.add(repo, leaves * KIB, { chunker: `size-${KIB}` })
  const address = await stage.daemon(1, repo)
  const reader = await stage.reader(0, await stage.repo('reader'), [address])
  return (await reader.order({ verb: 'pin', cid })).ms / (2 * FAR_MS)
}

/** Milliseconds from each seek in a file to its first byte, the least first. */
export async function seek(times: number, bytes: number, upBytesPerMs: number): Promise<readonly number[]> {
  await using stage = await Stage.open([{}, { delayMs: FAR_MS, upBytesPerMs }])
  const repo = await stage.repo('provider')
  const cid = await stage.add(repo, bytes)
  const address = await stage.daemon(1, repo)
  const reader = await stage.reader(0, await stage.repo('reader'), [address])
  const waits: number[] = []
  for (let time = 0; time < times; time++) {
    // Any that are spread, and the same each time.
    const offset = Math.floor(((time * 0.618 + 0.3) % 1) * (bytes - MIB))
    waits.push((await reader.order({ verb: 'read', cid, offset, length: MIB / 4 })).firstMs)
  }
  return waits.toSorted((a, b) => a - b)
}

// A room of network namespaces, each with one link to the others whose rate and delay are ours to set. Linux and root only;
// a namespace reaches nothing outside of its room. Everything goes when the room closes, and also when the process ends; what
// a killed process left behind goes when the next room opens.
import { execFileSync, spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { LinkShape, ShapeMessage } from './switch.ts'

/** Bytes per millisecond are kilobytes per second. */
export interface LinkQuality {
  readonly upBytesPerMs?: number
  readonly downBytesPerMs?: number
  /** Milliseconds that each frame takes each way on this link; the links of both ends add up. */
  readonly delayMs?: number
}

/** A namespace with its link. */
export interface Corner {
  /** Its IPv4 address. */
  readonly address: string
  /** Starts a program in the namespace. */
  spawn(command: string, args: readonly string[], options?: SpawnOptions): ChildProcess
  /** Changes the link. */
  shape(quality: LinkQuality): void
  /** Loses everything on the link until it is shaped again. */
  cut(): void
}

/** Namespaces that reach each other. */
export interface Room extends AsyncDisposable {
  readonly corners: readonly Corner[]
}

const PREFIX = 'cairn'
const NETWORK = '10.87.0'

/** Why there can be no room on this machine, or `undefined` when there can. */
export async function whyNoRoom(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'namespaces are of Linux alone'
  if (process.getuid?.() !== 0) return 'namespaces need root'
  try {
    await using _ = await openRoom([{}])
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message.trim() : String(error)
  }
}

/** Makes a namespace for each link. @throws when the machine cannot; nothing stays then */
export async function openRoom(links: readonly LinkQuality[]): Promise<Room> {
  removeLeftovers()
  const names = links.map((_, index) => `${PREFIX}-${process.pid}-${counter.next++}-${index}`)
  const children = new Set<ChildProcess>()
  let worker: Worker | undefined
  const removeAll = (): void => {
    for (const child of children) child.kill('SIGKILL')
    for (const name of names) removeNamespace(name)
  }
  const stop = (): void => process.exit(130)
  process.once('exit', removeAll).once('SIGINT', stop).once('SIGTERM', stop)
  const close = async (): Promise<void> => {
    const alive = [...children].filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
    const gone = alive.map((child) => once(child, 'exit'))
    for (const child of alive) child.kill('SIGKILL')
    await Promise.all(gone)
    await worker?.terminate()
    removeAll()
    process.off('exit', removeAll).off('SIGINT', stop).off('SIGTERM', stop)
  }
  try {
    const ports = names.map((name, index) => makeNamespace(name, index + 1))
    worker = new Worker(new URL('switch.ts', import.meta.url), { workerData: ports })
    await once(worker, 'message')
  } catch (error) {
    await close()
    throw error
  }
  const tell = tellerOf(worker)
  const corners = names.map((name, index): Corner => {
    const shape = (quality: LinkQuality): void => tell({ index, shape: shapeOf(quality) })
    return {
      address: `${NETWORK}.${index + 1}`,
      spawn(command, args, options = {}) {
        const child = spawn('ip', ['netns', 'exec', name, command, ...args], options)
        children.add(child)
        return child
      },
      shape,
      cut: () => tell({ index, shape: { up: { isDown: true }, down: { isDown: true } } }),
    }
  })
  for (const [index, link] of links.entries()) corners[index]?.shape(link)
  return { corners, [Symbol.asyncDispose]: close }
}

/** Rooms that this process has made, so that their names differ. */
const counter = { next: 0 }

function tellerOf(worker: Worker): (message: ShapeMessage) => void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
  return (message) => worker.postMessage(message)
}

function shapeOf({ upBytesPerMs, downBytesPerMs, delayMs }: LinkQuality): LinkShape {
  return { up: { bytesPerMs: upBytesPerMs, delayMs }, down: { bytesPerMs: downBytesPerMs, delayMs } }
}

/** A namespace with one interface. Gives where the switch reads and writes its frames, and the interface's address. */
function makeNamespace(name: string, host: number): { device: string; address: string } {
  const [outside, tap] = [`c${name.slice(PREFIX.length + 1)}`, `t${name.slice(PREFIX.length + 1)}`]
  ip('netns', 'add', name)
  ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
  ip('link', 'set', outside, 'up')
  // In passthru mode it takes all frames that leave the namespace, whomever they are for.
  ip('link', 'add', 'link', outside, 'name', tap, 'type', 'macvtap', 'mode', 'passthru')
  // Else it leaves out multicasts that the machine itself has no ear for.
  ip('link', 'set', tap, 'up', 'txqueuelen', '10000', 'allmulticast', 'on')
  ip('-n', name, 'link', 'set', 'lo', 'up')
  ip('-n', name, 'address', 'add', `${NETWORK}.${host}/24`, 'dev', 'eth0')
  ip('-n', name, 'link', 'set', 'eth0', 'up')
  // Multicast, as mDNS sends it, goes to the others of the room.
  ip('-n', name, 'route', 'add', '224.0.0.0/4', 'dev', 'eth0')
  const inside = JSON.parse(ip('-j', '-n', name, 'link', 'show', 'eth0')) as [{ readonly address: string }]
  return {
    device: `/dev/tap${readFileSync(`/sys/class/net/${tap}/ifindex`, 'utf8').trim()}`,
    address: inside[0].address.replaceAll(':', ''),
  }
}

/** The other end of its link and all on it go with it. */
function removeNamespace(name: string): void {
  if (existsSync(`/run/netns/${name}`)) ip('netns', 'delete', name)
}

function removeLeftovers(): void {
  const names = ip('netns', 'list')
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
  for (const name of names) {
    const owner = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1]
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) removeNamespace(name)
  }
}

function ip(...args: readonly string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

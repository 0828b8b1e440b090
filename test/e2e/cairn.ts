// Runs the command line as its users do: the file that npm installs, in processes of its own, in a folder of its own.
// A `Place` ends every process that it started and removes its folder.
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

/** The installed file. */
export const CLI = fileURLToPath(new URL('../bin/cairn.js', import.meta.resolve('@cairn/cli')))

/** How a run ended and what it wrote. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: Buffer
  readonly stderr: string
  /** Largest resident memory, to within what the last 20 ms added. */
  readonly peakBytes: number
}

/** How to run it. */
export interface RunOptions extends Pick<SpawnOptions, 'cwd' | 'uid' | 'gid' | 'env'> {
  /** Bytes for standard input, which is empty by default; `open` leaves it open and silent. */
  readonly input?: AsyncIterable<Uint8Array> | Iterable<Uint8Array> | 'open'
  /** Takes standard output as it comes; without it, it is collected. */
  readonly read?: (stdout: Readable) => Promise<void>
  /** Standard input is this descriptor. */
  readonly stdinFd?: number
  /** Standard output goes to this descriptor. */
  readonly stdoutFd?: number
}

/** A run under way. */
export interface Run {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
}

/** A running daemon. */
export interface Daemon extends Run {
  /** Multiaddr with the peer id. */
  readonly address: string
}

/** A temporary folder and the processes that work in it. */
export class Place implements AsyncDisposable {
  readonly folder: string
  readonly #runs = new Set<Run>()

  constructor(folder: string) {
    this.folder = folder
  }

  path(...names: readonly string[]): string {
    return join(this.folder, ...names)
  }

  /** Starts `cairn` with `args`. */
  start(args: readonly string[], { input = [], read, stdinFd, stdoutFd, env, ...options }: RunOptions = {}): Run {
    const child = spawn(CLI, args, {
      cwd: this.folder,
      ...options,
      // The Node that runs the tests is the one that the first line of the file finds; nothing else leaks in.
      env: { PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter), HOME: this.folder, ...env },
      stdio: [stdinFd ?? 'pipe', stdoutFd ?? 'pipe', 'pipe'],
    })
    const run = { child, ended: ending(child, read) }
    if (input !== 'open' && child.stdin !== null) void feed(child.stdin, input)
    this.#runs.add(run)
    const forget = () => void this.#runs.delete(run)
    run.ended.then(forget, forget)
    return run
  }

  /** Runs `cairn` with `args` to its end. */
  cairn(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return this.start(args, options).ended
  }

  /** Like `cairn`, and gives standard output; anything but success with nothing on standard error fails the test. */
  async output(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const { code, signal, stdout, stderr } = await this.cairn(args, options)
    if (code === 0 && stderr === '') return stdout.toString()
    throw new Error(`cairn ${args.join(' ')} ended with ${code ?? signal}: ${stderr}`)
  }

  /** Makes a repo and gives its path. */
  async repo(name: string): Promise<string> {
    const path = this.path(name)
    await this.output(['--repo', path, 'init', '--profile', 'test'])
    return path
  }

  /** Starts a daemon and waits until it is ready. */
  async daemon(repo: string, ...args: readonly string[]): Promise<Daemon> {
    const ready = Promise.withResolvers<string>()
    const run = this.start(['--repo', repo, 'daemon', ...args], { read: (stdout) => readUntilReady(stdout, ready) })
    const early = run.ended.then(({ stderr }) => ready.reject(new Error(`the daemon ended early: ${stderr}`)))
    early.catch(() => undefined)
    return { ...run, address: await ready.promise }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child } of this.#runs) child.kill('SIGKILL')
    await Promise.allSettled([...this.#runs].map((run) => run.ended))
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** A new place; the caller disposes of it. */
export async function openPlace(): Promise<Place> {
  return new Place(await mkdtemp(join(tmpdir(), 'cairn-e2e-')))
}

/** The values of an output of JSON lines. */
export function jsonLines<Value = Record<string, unknown>>(output: string): Value[] {
  expect(output.endsWith('\n') || output === '').toBe(true)
  return output
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Value)
}

/** Expects one line of error, nothing on standard output, and exit code 1. */
export function expectFailed({ code, signal, stdout, stderr }: Ended): void {
  expect({ code, signal, stdout: stdout.toString(), stderr }).toEqual({
    code: 1,
    signal: null,
    stdout: '',
    stderr: expect.stringMatching(/^Error: Cannot [^\n]+\n$/),
  })
}

/** Expects exit code 2, and nothing on standard output. */
export function expectUsageError({ code, stdout, stderr }: Ended): void {
  expect({ code, stdout: stdout.toString() }).toEqual({ code: 2, stdout: '' })
  expect(stderr).not.toBe('')
  expect(stderr).not.toMatch(/\n\s+at /)
}

async function ending(child: ChildProcess, read: RunOptions['read']): Promise<Ended> {
  let peakBytes = 0
  const sampling = setInterval(() => (peakBytes = Math.max(peakBytes, residentPeak(child.pid))), 20)
  try {
    const closed = once(child, 'close')
    const pieces: Buffer[] = []
    const [stderr] = await Promise.all([
      child.stderr?.setEncoding('utf8').toArray() ?? [],
      child.stdout && (read ?? ((stdout) => collect(stdout, pieces)))(child.stdout),
      closed,
    ])
    const { exitCode: code, signalCode: signal } = child
    return { code, signal, stdout: Buffer.concat(pieces), stderr: stderr.join(''), peakBytes }
  } finally {
    clearInterval(sampling)
  }
}

async function collect(stdout: Readable, pieces: Buffer[]): Promise<void> {
  for await (const piece of stdout) pieces.push(piece)
}

async function feed(stdin: Writable, input: Exclude<RunOptions['input'], 'open' | undefined>): Promise<void> {
  // A program that ends early closes its input, and how it ended is looked at anyway.
  await pipeline(Readable.from(input), stdin).catch(() => undefined)
}

/** Resolves `ready` with the first address once the daemon says that it is ready, and goes on reading. */
async function readUntilReady(stdout: Readable, ready: PromiseWithResolvers<string>): Promise<void> {
  let text = ''
  for await (const piece of stdout.setEncoding('utf8')) {
    text += piece
    const address = /^Swarm listening on (\S+)$/m.exec(text)?.[1]
    if (/^Daemon is ready$/m.test(text) && address !== undefined) ready.resolve(address)
  }
}

/** `VmHWM` of a process, where the system tells it; 0 elsewhere. */
function residentPeak(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

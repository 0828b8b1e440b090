// A process whose lines the bench waits for, and whose CPU time and memory it looks up. Linux only.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { atExit } from './clean-up.ts'

/** Processor time is counted in ticks of this length on every Linux. */
const TICK_SECONDS = 0.01

/** Arguments of Node: options, a script, and its arguments. */
export type NodeArguments = readonly string[]

/** What a process has taken so far. */
export interface Usage {
  /** User and system time of all its threads. */
  readonly cpuSeconds: number
  readonly rssMiB: number
  readonly peakRssMiB: number
}

/** How far a process is; see `mark`. */
export interface Reached {
  readonly atMs: number
  readonly detail: string
}

/** The arguments that run a module beside this one on the built packages, as they are installed. */
export function installed(module: string, args: readonly (string | number)[]): NodeArguments {
  const script = fileURLToPath(new URL(module, import.meta.url))
  return ['--max-semi-space-size=8', '--initial-heap-size=96', script, ...args.map(String)]
}

/** A process that ends with its `await using`, or before. */
export class WatchedProcess implements AsyncDisposable {
  readonly startedMs: number = performance.timeOrigin + performance.now()
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  readonly #forget: () => void
  readonly #lines: string[] = []
  #onChange: () => void = () => undefined
  #hasEnded = false

  constructor(args: NodeArguments) {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child = child
    this.#forget = atExit(() => child.kill('SIGKILL'))
    createInterface(child.stdout).on('line', (line) => {
      this.#lines.push(line)
      this.#onChange()
    })
    this.#ended = once(child, 'close').then(() => {
      this.#hasEnded = true
      this.#onChange()
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** The first line that `pattern` matches. @throws when the process ends without it */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      for (const line of this.#lines) {
        const match = pattern.exec(line)
        if (match !== null) return match
      }
      if (this.#hasEnded) throw new Error(`${this.#child.spawnargs.join(' ')} ended without ${pattern}`)
      await new Promise<void>((resolve) => (this.#onChange = resolve))
    }
  }

  /** Waits until the process has marked `name`. */
  async reached(name: string): Promise<Reached> {
    const [, at, detail = ''] = await this.line(new RegExp(`^${name} (\\S+) (.*)$`))
    return { atMs: Number(at), detail }
  }

  /** What it has taken until now; it must be running. */
  usage(): Usage {
    const { pid } = this.#child
    // After the name in parentheses, which may hold spaces: fields 14 and 15 of proc_pid_stat(5), counted from 3.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const mib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) * TICK_SECONDS,
      rssMiB: mib('VmRSS'),
      peakRssMiB: mib('VmHWM'),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
    this.#forget()
  }
}

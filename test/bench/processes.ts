// Processes that the bench times as wholes, the command line among them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../bin/cairn.js', import.meta.resolve('@cairn/cli')))

/** How a process ended. */
export interface Ended {
  /** Largest resident set so far, to within what the last 20 ms added, in MiB. */
  readonly peakRssMiB: number
}

/** Runs the command line on the repo at `repo`, its output dropped. @throws when it fails */
export function runCairn(repo: string, args: readonly string[]): Promise<Ended> {
  // As the first line of the installed file says.
  return run(process.execPath, ['--max-semi-space-size=8', '--initial-heap-size=96', CLI, ...args], {
    variables: { CAIRN_PATH: repo },
  })
}

/** `cp`, and the copy is on the disk. */
export function copyDurably(from: string, to: string): Promise<Ended> {
  return run('sh', ['-c', 'cp "$0" "$1" && sync "$1"', from, to])
}

/** Runs a module of the bench, which prints what it finds. @throws when it fails */
export function runModule(name: string, args: readonly string[]): Promise<Ended> {
  const path = fileURLToPath(new URL(name, import.meta.url))
  return run(
    process.execPath,
    ['--conditions=source', '--max-semi-space-size=8', '--initial-heap-size=96', path, ...args],
    { output: 'inherit' },
  )
}

interface RunOptions {
  readonly output?: 'inherit' | 'ignore'
  readonly variables?: NodeJS.ProcessEnv
}

async function run(
  command: string,
  args: readonly string[],
  { output = 'ignore', variables = {} }: RunOptions = {},
): Promise<Ended> {
  const child = spawn(command, args, { env: { ...process.env, ...variables }, stdio: ['ignore', output, 'inherit'] })
  let peakRssMiB = 0
  const timer = setInterval(() => (peakRssMiB = residentMiB(child.pid) ?? peakRssMiB), 20)
  const [code, signal] = await once(child, 'exit')
  clearInterval(timer)
  if (code !== 0 && signal !== 'SIGKILL') throw new Error(`${command} ${args.join(' ')} ended with ${code ?? signal}`)
  return { peakRssMiB }
}

function residentMiB(pid: number | undefined): number | undefined {
  try {
    const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1024)
  } catch {
    return undefined // it has ended
  }
}

/** Bytes that this process has had written to disks, what was deleted before it got there left out. Linux only. */
export function writtenBytes(): number {
  const io = readFileSync('/proc/self/io', 'utf8')
  const field = (name: string) => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(io)?.[1])
  return field('write_bytes') - field('cancelled_write_bytes')
}

// How a process of the bench tells the one that started it how far it is.

/** Says on standard output that `name` is reached, and when: milliseconds of the clock that all processes share. */
export function mark(name: string, detail: unknown = ''): void {
  process.stdout.write(`${name} ${performance.timeOrigin + performance.now()} ${detail}\n`)
}

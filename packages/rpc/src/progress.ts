// Joins a call that reports progress by callback to the events of a command.

/** The latest reports of `work` while it runs; ends with it. Reports that nobody took in time are replaced by newer ones. */
export async function* reported<Report>(
  work: (report: (value: Report) => void) => Promise<void>,
): AsyncGenerator<Report> {
  const fresh: Report[] = []
  let wake: () => void = () => undefined
  let isDone = false
  const running = work((value) => {
    fresh[0] = value
    wake()
  }).finally(() => {
    isDone = true
    wake()
  })
  running.catch(() => undefined) // reported below
  while (!isDone) {
    await new Promise<void>((resolve) => {
      wake = resolve
      if (isDone || fresh.length > 0) resolve()
    })
    yield* fresh.splice(0)
  }
  await running
}

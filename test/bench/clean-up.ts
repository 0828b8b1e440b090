// What must be gone when the bench ends, Ctrl-C included.

/** Runs `clean` when this process exits, the newest first, unless the function that this gives is called before. */
export function atExit(clean: () => void): () => void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    if (process.listenerCount(signal) === 0) process.on(signal, () => process.exit(1))
  process.prependListener('exit', clean)
  return () => void process.off('exit', clean)
}

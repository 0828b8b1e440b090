// Whether the processes that had a log open have closed it: one that LevelDB ended, over a damaged table, has not.
import { readFile, rm, writeFile } from 'node:fs/promises'

/**
 * Notes that the log is in use, and says whether its tables are suspect: when the process that had it last and the one before
 * both ended without closing it, a damaged table may be what ends them.
 */
export async function beginUse(path: string): Promise<{ readonly isSuspect: boolean }> {
  const use = usePath(path)
  const unclosed = Number(await readFile(use, 'utf8').catch(() => '0'))
  const isSuspect = unclosed >= 2
  // On a full disk the note fails and nothing else need to.
  await writeFile(use, String(isSuspect ? 1 : unclosed + 1)).catch(() => undefined)
  return { isSuspect }
}

/** Notes that the log was closed. */
export async function endUse(path: string): Promise<void> {
  await rm(usePath(path), { force: true })
}

function usePath(path: string): string {
  return `${path}.in-use`
}

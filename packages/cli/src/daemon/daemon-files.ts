// What a daemon leaves in its repo while it runs: the address of its RPC, as Kubo has it, and beside it the key by which it
// proves that it is the one who wrote that.
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemError } from '@cairn/core'

const ADDRESS_FILE = 'api'
const KEY_FILE = 'api.key'

/** What is known of the daemon of a repo. */
export interface DaemonFiles {
  readonly address: string
  /** `undefined` where somebody has written the address by hand, as people do for a node elsewhere. */
  readonly key: string | undefined
}

/** Writes both; the key is for nobody else on this machine. @throws as the disk refuses */
export async function writeDaemonFiles(repoPath: string, { address, key }: Required<DaemonFiles>): Promise<void> {
  try {
    // A file that is there would keep its permissions.
    await rm(join(repoPath, KEY_FILE), { force: true })
    await writeFile(join(repoPath, KEY_FILE), key ?? '', { mode: 0o600 })
    await writeFile(join(repoPath, ADDRESS_FILE), address)
  } catch (cause) {
    throw systemError(`write to ${repoPath}`, cause)
  }
}

/** What the last daemon has left, if it has left anything. @throws as the disk refuses */
export async function readDaemonFiles(repoPath: string): Promise<DaemonFiles | undefined> {
  const address = await textIn(join(repoPath, ADDRESS_FILE))
  return address === undefined ? undefined : { address, key: await textIn(join(repoPath, KEY_FILE)) }
}

/** Takes both away. */
export async function removeDaemonFiles(repoPath: string): Promise<void> {
  await rm(join(repoPath, ADDRESS_FILE), { force: true })
  await rm(join(repoPath, KEY_FILE), { force: true })
}

async function textIn(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR'))
      return undefined
    throw systemError(`read ${path}`, cause)
  }
}

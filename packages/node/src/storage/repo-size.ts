// What a repo takes on disk, and what it may take.
import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { systemError } from '@cairn/core'
import { limitOf } from '../config/config.ts'
import type { RepoInfo } from '../repo.ts'

/** The room of a repo in bytes. */
export interface RepoSize {
  /** Of all files in its folder. */
  readonly bytes: number
  /** What it may take: the limit of its config, else what it has and what is free on its disk. */
  readonly bytesMax: number
}

/** Files looked at together. */
const FILES_AT_ONCE = 64

/** Measures the files of a repo, which may change meanwhile. @throws as `systemError` */
export async function repoSizeOf({ path, config }: Pick<RepoInfo, 'path' | 'config'>): Promise<RepoSize> {
  try {
    const entries = await readdir(path, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    let bytes = 0
    for (let start = 0; start < files.length; start += FILES_AT_ONCE) {
      const sizes = await Promise.all(files.slice(start, start + FILES_AT_ONCE).map(sizeOf))
      bytes += sizes.reduce((sum, size) => sum + size, 0)
    }
    const { bavail, bsize } = await statfs(path)
    return { bytes, bytesMax: limitOf(config)?.bytesMax ?? bytes + bavail * bsize }
  } catch (cause) {
    throw systemError(`measure the repo at ${path}`, cause)
  }
}

/** LevelDB removes files all the time: one that is gone has no size. */
function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}

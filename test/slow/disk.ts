// A disk of our own whose power can fail: an ext4 file system in a file, in a second ext4 file system. Freezing the outer one
// holds every write to the disk at one instant, and what is copied then is what a loss of power would have left.
// Needs root and loop devices.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Sizes as `truncate` takes them; the files are sparse. */
const OUTER_SIZE = '3G'
const INNER_SIZE = '2G'

/** A mounted disk. */
export interface Disk extends AsyncDisposable {
  /** Where it is mounted. */
  readonly path: string
  /** Keeps what is on the disk at this instant, and gives what `look` sees while nothing can be written. */
  cut<T>(look: () => T): Promise<T>
  /** Mounts what the last cut has kept, for as long as `work` takes. */
  afterwards(work: (path: string) => Promise<void>): Promise<void>
}

/** Makes a disk. @throws what the system says when it does not let us */
export async function openDisk(): Promise<Disk> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-disk-'))
  const [outer, path, copied] = ['outer', 'inner', 'copied'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const image = join(outer, 'image')
  const copy = join(folder, 'copy')
  for (const mountPoint of [outer, path, copied]) await mkdir(mountPoint)
  const dispose = async (): Promise<void> => {
    for (const mountPoint of [copied, path, outer]) await run('umount', [mountPoint]).catch(() => undefined)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await makeImage(join(folder, 'outer.img'), OUTER_SIZE)
    await run('mount', ['-o', 'loop', join(folder, 'outer.img'), outer])
    await makeImage(image, INNER_SIZE)
    await run('mount', ['-o', 'loop', image, path])
  } catch (error) {
    await dispose()
    throw error
  }
  return {
    path,
    async cut(look) {
      await run('fsfreeze', ['-f', outer])
      try {
        // What is in a pipe was said before: let it arrive.
        await sleep(50)
        const seen = look()
        await run('cp', ['--sparse=always', image, copy])
        return seen
      } finally {
        await run('fsfreeze', ['-u', outer])
      }
    },
    async afterwards(work) {
      await run('mount', ['-o', 'loop', copy, copied])
      try {
        await work(copied)
      } finally {
        await run('umount', [copied])
      }
    },
    [Symbol.asyncDispose]: dispose,
  }
}

async function makeImage(path: string, size: string): Promise<void> {
  await run('truncate', ['-s', size, path])
  await run('mkfs.ext4', ['-q', '-F', path])
}

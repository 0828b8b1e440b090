// Programs that look at a mount, in processes of their own: this process answers them.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFolder, mountFuse, type FuseMount, type Vfs } from '../../src/index.ts'
import type { Mfs } from '@cairn/core'
import { withDiskRepo, type TestRepo } from '../support/open-repo.ts'

/** Why nothing can be mounted here, if it cannot. */
export const NO_FUSE: string | undefined =
  process.platform !== 'linux' || !existsSync('/dev/fuse')
    ? 'there is no /dev/fuse'
    : process.getuid?.() === 0
      ? undefined
      : 'only root may mount'

/** What a test has. */
export interface Mounted {
  readonly repo: TestRepo
  readonly vfs: Vfs
  readonly mfs: Mfs
  readonly mount: FuseMount
  /** The mount, and an ordinary folder beside it. */
  readonly dir: string
  readonly beside: string
  /** Runs shell text in the mount, and gives what it writes. @throws with all that it wrote when it fails */
  sh(text: string): Promise<string>
}

/** Runs `use` with a mount in a folder of its own. */
export async function withMount(
  use: (mounted: Mounted) => Promise<void>,
  { path = '/mfs', isReadOnly = false, timeoutMs }: { path?: string; isReadOnly?: boolean; timeoutMs?: number } = {},
): Promise<void> {
  await withDiskRepo(async (repo) => {
    const [dir, beside] = [await temporary(), await temporary()]
    const { vfs, mfs } = await repo.open()
    const errors: unknown[] = []
    const root = await openFolder(vfs, repo.blocks, path)
    const room = () => Promise.resolve({ total: 2 ** 40, free: 2 ** 39 })
    const settings = {
      path: dir,
      isReadOnly,
      allowsOthers: false,
      timeoutMs,
      onError: (error: unknown) => errors.push(error),
    }
    const mount = await mountFuse({ vfs, root, room }, settings)
    try {
      await use({ repo, vfs, mfs, mount, dir, beside, sh: (text) => shell(text, dir, { BESIDE: beside }) })
    } finally {
      await mount[Symbol.asyncDispose]()
      await vfs.close()
      for (const folder of [dir, beside]) await rm(folder, { recursive: true, force: true })
    }
    if (errors.length > 0) throw errors[0]
  })
}

function temporary(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'cairn-fuse-'))
}

/** Runs shell text. @throws with all that it wrote when it fails */
export function shell(text: string, dir: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  // Not by the option `cwd`: this process waits until the child has changed to it, and would have to answer it.
  const options = { env: { ...process.env, ...env, DIR: dir, LC_ALL: 'C' }, timeout: 240_000, maxBuffer: 2 ** 26 }
  execFile('bash', ['-euo', 'pipefail', '-c', `cd "$DIR"\n${text}`], options, (error, stdout, stderr) => {
    if (error === null) resolve(stdout)
    else reject(new Error(`${text}\n${error.message}\n${stdout}\n${stderr}`))
  })
  return promise
}

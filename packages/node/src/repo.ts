// A repo on disk: `config version repo.lock` and the databases `blocks/ index/ meta/`. One process owns it at a time;
// the lock is LevelDB's own on `meta/`, which the system frees when the process dies, and `repo.lock` only names the owner.
import { access, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  openLevelKeyValueStore,
  openLevelStore,
  type LevelBlockStore,
  type LevelDatabaseStore,
  type LevelKeyValueStoreSettings,
  type OnRecovery,
} from '@cairn/blockstore'
import { BlockService, CairnError, isCairnError, Pins, systemError, type Block } from '@cairn/core'
import { limitOf, newConfig, parseConfig, type Config } from './config/config.ts'
import { writeDurably } from './config/durable-file.ts'
import { Keystore } from './config/keystore.ts'
import type { RepoProfile } from './config/profiles.ts'
import { Settings } from './config/settings.ts'
import { forgetVerified } from './verify.ts'

type CID = Block['cid']

/** Version of the layout on disk that this program writes, and the newest that it reads. */
const REPO_VERSION = 1

/** Files of a repo beside its databases. `version` comes last when a repo is made: with it the repo exists. */
const FILE = { config: 'config', version: 'version', lock: 'repo.lock' } as const

/** Kubo's repos hold this file, and their version numbers mean something else. */
const KUBO_FILE = 'datastore_spec'

/** What a repo says of itself. */
export interface RepoInfo {
  readonly path: string
  /** Version of its layout on disk. */
  readonly version: number
  readonly config: Config
  /** Its config file, to be read and changed setting by setting. */
  readonly settings: Settings
  /** Its keys: who it is, and others that it can sign with. */
  readonly keys: Keystore
}

/** An open repo: its settings and its databases. */
export interface Repo extends RepoInfo {
  readonly blocks: LevelBlockStore
  readonly meta: LevelDatabaseStore
  /**
   * Which of `cids` Cairn's own pins keep, in their order; for others that delete blocks.
   *
   * @throws CONFLICT while pins may be lost, else as `Pins.keepersOf`
   */
  keeps(cids: readonly CID[]): Promise<readonly boolean[]>
  close(): Promise<void>
}

/**
 * Makes a repo with a new identity in `path`, which is created if need be, and gives its settings: those of profile `lan`,
 * changed by `profiles` in their order.
 *
 * @throws CONFLICT when there is a repo already, DENIED or LIMIT when the disk refuses
 */
export async function createRepo(path: string, ...profiles: readonly RepoProfile[]): Promise<Config> {
  if (await exists(join(path, FILE.version)))
    throw new CairnError('CONFLICT', `Cannot make a repo at ${path}: there is one already`)
  const config = newConfig(...profiles)
  try {
    await makeFolder(path, 0o700)
    await writeDurably(join(path, FILE.config), `${JSON.stringify(config, null, 2)}\n`)
    await writeDurably(join(path, FILE.version), `${REPO_VERSION}\n`)
  } catch (cause) {
    throw systemError(`make a repo at ${path}`, cause)
  }
  return config
}

/**
 * What the repo at `path` says of itself; it need not be free.
 *
 * @throws NOT_FOUND when there is none, UNSUPPORTED when a newer version or another program made it, INVALID when its
 * config is damaged
 */
export async function readRepo(path: string): Promise<RepoInfo> {
  const version = await readVersion(path)
  const config = parseConfig(await readText(path, FILE.config))
  const [settings, keys] = [new Settings(join(path, FILE.config)), new Keystore(path, config.Identity)]
  return { path, version, config, settings, keys }
}

/** How a repo is opened. */
export interface RepoOptions {
  /** Told of damage that was found, and of what was done about it; opening never needs a person. */
  readonly onRecovery?: OnRecovery | undefined
}

/** Opens the repo at `path` and locks it. @throws as `readRepo`, and LOCKED when a running process owns it */
export async function openRepo(path: string, { onRecovery }: RepoOptions = {}): Promise<Repo> {
  const info = await readRepo(path)
  const durability = info.config.Cairn?.Durability
  const meta = await openLocked(path, { durability, onRecovery })
  try {
    await writeFile(join(path, FILE.lock), `${process.pid}\n`)
    // Damaged blocks that an earlier index knew, and a new one may not, are found again from the first block on.
    let forgotten = Promise.resolve()
    const blocks = await openLevelStore(path, {
      durability,
      bytesMax: limitOf(info.config)?.bytesMax,
      onRecovery(event) {
        if (event.kind === 'index' && event.isDone) forgotten = forgetVerified(meta)
        onRecovery?.(event)
      },
    })
    await forgotten
    const pins = new Pins({ records: meta, blocks: new BlockService({ store: blocks }) })
    return {
      ...info,
      blocks,
      meta,
      async keeps(cids) {
        if (await meta.isDoubtful())
          throw new CairnError(
            'CONFLICT',
            'Cannot tell what pins keep: damage may have taken some; "cairn pin ls" tells more',
          )
        return (await pins.keepersOfAll(cids)).map((keeper) => keeper !== undefined)
      },
      async close() {
        try {
          await blocks.close()
          await rm(join(path, FILE.lock), { force: true })
        } finally {
          await meta.close()
        }
      },
    }
  } catch (error) {
    await meta.close()
    throw systemError(`open the repo at ${path}`, error)
  }
}

async function openLocked(path: string, settings: LevelKeyValueStoreSettings): Promise<LevelDatabaseStore> {
  try {
    // It is made before the blocks, so where it is missing it was there once, and what was pinned is forgotten.
    const wasThere = await exists(join(path, 'blocks'))
    return await openLevelKeyValueStore(join(path, 'meta'), { ...settings, wasThere })
  } catch (cause) {
    if (!isCairnError(cause, 'LOCKED')) throw cause
    const owner = await readFile(join(path, FILE.lock), 'utf8').catch(() => '')
    const by = owner.trim() === '' ? 'another process' : `process ${owner.trim()}, perhaps a daemon,`
    throw new CairnError('LOCKED', `Cannot open the repo at ${path}: ${by} is using it`, { cause })
  }
}

async function readVersion(path: string): Promise<number> {
  if (await exists(join(path, KUBO_FILE))) {
    throw new CairnError(
      'UNSUPPORTED',
      `Cannot use the repo at ${path}: it is Kubo's. Name another with --repo or CAIRN_PATH`,
    )
  }
  const text = (await readText(path, FILE.version)).trim()
  if (!/^\d+$/.test(text)) throw new CairnError('INVALID', `Cannot use the repo at ${path}: its version is "${text}"`)
  if (Number(text) > REPO_VERSION) {
    throw new CairnError(
      'UNSUPPORTED',
      `Cannot use the repo at ${path}: its version is ${text}, this program knows ${REPO_VERSION}. Update Cairn`,
    )
  }
  return Number(text)
}

async function readText(path: string, file: string): Promise<string> {
  try {
    return await readFile(join(path, file), 'utf8')
  } catch (cause) {
    const error = systemError(`open the repo at ${path}`, cause)
    if (!isCairnError(error, 'NOT_FOUND') || file !== FILE.version) throw error
    throw new CairnError('NOT_FOUND', `Cannot find a repo at ${path}: make one with "cairn init"`, { cause })
  }
}

/**
 * Makes a folder, `mode` its permissions, and those above it that are missing. Node's own recursive mkdir never ends
 * where the system refuses with ENOENT although the parent is there, as in /proc.
 */
async function makeFolder(path: string, mode?: number): Promise<void> {
  try {
    await mkdir(path, { mode })
  } catch (error) {
    if (isSystemError(error, 'EEXIST') && (await stat(path)).isDirectory()) return
    if (!isSystemError(error, 'ENOENT') || (await exists(dirname(path)))) throw error
    await makeFolder(dirname(path))
    await mkdir(path, { mode })
  }
}

function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

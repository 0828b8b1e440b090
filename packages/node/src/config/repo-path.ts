// Where the repo is. In an entry of its own, so that who only looks for a daemon loads no database.
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** Folder of the repo when none is named: `$CAIRN_PATH`, else `$IPFS_PATH`, else `~/.cairn`. */
export function defaultRepoPath(environment: NodeJS.ProcessEnv = process.env): string {
  // A variable that is set to nothing counts as not set, as in shells.
  const named = [environment['CAIRN_PATH'], environment['IPFS_PATH']].find((path) => path !== undefined && path !== '')
  return resolve(named ?? join(homedir(), '.cairn'))
}

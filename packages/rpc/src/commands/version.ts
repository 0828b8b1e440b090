// cairn version: which program this is. It works without a repo.
import { arch, platform } from 'node:process'
import { lastEvent } from './answers.ts'
import { eventCommand } from '../command.ts'

/** Version of the layout on disk that this program makes; see `readRepo` of the node. */
const REPO_VERSION = '1'

/** As Kubo's; `Golang` is the run time in any language. */
export interface VersionEvent {
  readonly Version: string
  readonly Commit: string
  readonly Repo: string
  readonly System: string
  readonly Golang: string
}

export const version = eventCommand({
  path: ['version'],
  summary: 'Print the version of this program',
  examples: ['cairn version', 'cairn version --number', 'cairn version --all'],
  options: {
    number: { type: 'flag', short: 'n', help: 'print only the number' },
    commit: { type: 'flag', help: 'print the commit as well, where the build knows it' },
    repo: { type: 'flag', help: 'print only the version of the layout on disk' },
    all: { type: 'flag', help: 'print all that there is to tell' },
  },
  usesNode: false,
  async *run({ agentVersion }): AsyncGenerator<VersionEvent> {
    yield {
      Version: agentVersion.split('/')[1] ?? agentVersion,
      Commit: '',
      Repo: REPO_VERSION,
      // Kubo has Go's names, which differ for the most common processor.
      System: `${arch === 'x64' ? 'amd64' : arch}/${platform}`,
      Golang: `node ${process.version}`,
    }
  },
  answer: lastEvent,
  text({ Version, Repo, System, Golang }, { number = false, repo = false, all = false }) {
    if (all) return `cairn version: ${Version}\nRepo version: ${Repo}\nSystem version: ${System}\nRun time: ${Golang}`
    if (repo) return Repo
    return number ? Version : `cairn version ${Version}`
  },
})

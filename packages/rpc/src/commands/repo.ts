// cairn repo stat, gc and version.
import { eventCommand } from '../command.ts'

const versionText = (version: number) => `cairn-repo@${version}`

export const repoStat = eventCommand({
  path: ['repo', 'stat'],
  summary: 'Print how many blocks the repo holds, and their bytes',
  examples: ['cairn repo stat', 'cairn repo stat --json'],
  options: {},
  async *run({ node, repo }) {
    const { path, version } = await repo()
    const { blocks, bytes } = await (await node()).store.stat()
    yield { NumObjects: blocks, RepoSize: bytes, RepoPath: path, Version: versionText(version) }
  },
  text: ({ NumObjects, RepoSize, RepoPath, Version }) =>
    `NumObjects: ${NumObjects}\nRepoSize:   ${RepoSize}\nRepoPath:   ${RepoPath}\nVersion:    ${Version}`,
})

export const repoGc = eventCommand({
  path: ['repo', 'gc'],
  summary: 'Delete all blocks that no pin keeps',
  examples: ['cairn repo gc', 'cairn repo gc -q'],
  options: { quiet: { type: 'flag', short: 'q', help: 'print only CIDs' } },
  async *run({ node, signal }) {
    for await (const event of (await node()).collect({ signal })) {
      if (event.kind === 'removed') for (const { cid } of event.blocks) yield { Key: { '/': cid.toString() } }
    }
  },
  text: ({ Key }, { quiet = false }) => (quiet ? Key['/'] : `removed ${Key['/']}`),
})

export const repoVersion = eventCommand({
  path: ['repo', 'version'],
  summary: 'Print the version of the layout on disk',
  examples: ['cairn repo version'],
  options: {},
  async *run({ repo }) {
    yield { Version: versionText((await repo()).version) }
  },
  text: ({ Version }) => Version,
})

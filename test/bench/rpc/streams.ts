// What the API adds to the store: a large file in and out beside a bare server and beside the store itself, and many at once.
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { PROFILES, readFile } from '@cairn/core'
import { openNode } from '@cairn/node'
import { CID } from 'multiformats/cid'
import { drain } from '../content.ts'
import { randomPieces } from '../random-bytes.ts'
import { compare, say, type Work } from '../report.ts'
import { inFolder } from '../temp-folder.ts'
import { installed, WatchedProcess } from '../watched-process.ts'
import { download, upload } from './client.ts'
import { makeRepo, startDaemon } from './daemon.ts'

const MIB = 1024 * 1024
const CATS_AT_ONCE = 200

/** Prints the rows about a file of `sizeMib` MiB through the API. */
export async function benchStreams(sizeMib: number): Promise<void> {
  const amount = { count: (sizeMib * MIB) / 1e6, unit: 'MB' }
  let seed = 0
  // Others each time, since what is there already is not stored again.
  const pieces = () => randomPieces(sizeMib, MIB, seed++)
  await using bare = new WatchedProcess(installed('rpc/bare-server.ts', [sizeMib]))
  const barePort = Number((await bare.line(/^listening on (\d+)/))[1])
  const bareAdd: Work = { name: 'bare node:http', run: () => upload({ port: barePort, path: '/' }, pieces()) }
  const bareRead: Work = { name: 'bare node:http', run: () => download({ port: barePort, path: '/read' }) }
  await inFolder(async (folder) => {
    const [ownRepo, repo] = [join(folder, 'own'), join(folder, 'daemon')]
    await makeRepo(ownRepo)
    await makeRepo(repo)
    await using node = await openNode(ownRepo)
    const ownAdd: Work = { name: "the store's own add", run: () => addTo(node, pieces()) }
    const daemon = await startDaemon(repo, ['--offline'])
    await using process = daemon.process
    const add: Work = {
      name: 'add by the API',
      run: () => upload({ port: daemon.port, path: '/api/v0/add?cid-version=1&chunker=size-1048576' }, pieces()),
    }
    await compare(amount, add, bareAdd)
    await compare(amount, add, ownAdd)
    say('  peak RSS of the daemon', `${process.usage().peakRssMiB.toFixed(0)} MiB`)
  })
  await inFolder(async (folder) => {
    const repo = join(folder, 'repo')
    await makeRepo(repo)
    const node = await openNode(repo)
    const root = await addTo(node, pieces())
    await node.close()
    const copy = join(folder, 'copy')
    // Only one process at a time opens a repo.
    await cp(repo, copy, { recursive: true })
    await using own = await openNode(copy)
    const ownRead: Work = {
      name: "the store's own read",
      run: async () => {
        for await (const _ of readFile(own.local, CID.parse(root)));
      },
    }
    const daemon = await startDaemon(repo, ['--offline'])
    await using process = daemon.process
    const cat: Work = {
      name: 'cat by the API',
      run: () => download({ port: daemon.port, path: `/api/v0/cat?arg=${root}` }),
    }
    await compare(amount, cat, bareRead)
    await compare(amount, cat, ownRead)
    say('  peak RSS of the daemon', `${process.usage().peakRssMiB.toFixed(0)} MiB`)
  })
}

/** Prints what 200 cats of 1 MiB at once take. @throws when one of them fails */
export async function benchManyCats(): Promise<void> {
  await inFolder(async (folder) => {
    const repo = join(folder, 'repo')
    await makeRepo(repo)
    const daemon = await startDaemon(repo, ['--offline'])
    await using process = daemon.process
    const { port } = daemon
    const roots: string[] = []
    for (const piece of randomPieces(CATS_AT_ONCE, MIB)) {
      const { Hash } = JSON.parse(await upload({ port, path: '/api/v0/add' }, [piece])) as { readonly Hash: string }
      roots.push(Hash)
    }
    const startedMs = performance.now()
    const sizes = await Promise.all(roots.map((root) => download({ port, path: `/api/v0/cat?arg=${root}` })))
    const wrong = sizes.filter((bytes) => bytes !== MIB).length
    const ms = performance.now() - startedMs
    say(
      `${CATS_AT_ONCE} cats of 1 MiB at once`,
      `${ms.toFixed(0)} ms, ${wrong} errors, peak RSS ${process.usage().peakRssMiB.toFixed(0)} MiB`,
    )
  })
}

type Node = Awaited<ReturnType<typeof openNode>>

async function addTo(node: Node, pieces: Iterable<Uint8Array>): Promise<string> {
  const content = async function* () {
    yield* pieces
  }
  const source = { name: 'bench', source: { kind: 'file', content } } as const
  const root = await drain(node.add(source, { settings: PROFILES['unixfs-v1-2025'] }))
  return root.cid.toString()
}

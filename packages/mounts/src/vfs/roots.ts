// What can be mounted or shared: the mutable tree, content by its CID, or both beside each other.
import { CairnError, parseCid, type BlockReader } from '@cairn/core'
import type { Vfs } from './vfs.ts'
import { folderNode, loadNode, type VfsFolder, type VfsNode, type VfsTree } from './vfs-node.ts'

/**
 * The folder at `path`: `/mfs` and what is below it, `/ipfs/CID` and what is below it, or `/`, which has both.
 *
 * @throws INVALID for another path or what is no folder, NOT_FOUND when nothing stands there, else as `BlockReader.get`
 */
export async function openFolder(vfs: Vfs, blocks: BlockReader, path: string): Promise<VfsFolder> {
  const [, space, ...names] = path.split('/').filter((name, index) => index === 0 || name !== '')
  if (!path.startsWith('/') || (space !== undefined && space !== 'mfs' && space !== 'ipfs'))
    throw new CairnError('INVALID', `Cannot use the path ${path}: it has to begin with /mfs or /ipfs`)
  const content = contentFolder(blocks)
  let node: VfsNode = space === 'mfs' ? vfs.root : content
  if (space === undefined) {
    node = folderNode({ reader: blocks, isFrozen: true })
    node.names.set('mfs', vfs.root)
    node.names.set('ipfs', content)
  }
  if (space !== 'mfs') vfs.addRoot(node)
  for (const name of names) {
    if (node.kind === 'directory') node = await vfs.require(node, name)
    else throw new CairnError('INVALID', `Cannot use the path ${path}: it goes below a file`)
  }
  if (node.kind === 'directory') return node
  throw new CairnError('INVALID', `Cannot use the path ${path}: it is a ${node.kind}`)
}

/** A folder in which every CID is a name. It cannot be listed: it has all content that there is. */
function contentFolder(reader: BlockReader): VfsFolder {
  const tree: VfsTree = { reader, isFrozen: true }
  const find: VfsTree['find'] = async (name, options) => {
    const cid = cidOf(name)
    return cid && loadNode(tree, { cid, tsize: 0 }, options)
  }
  return folderNode({ ...tree, find }, undefined, { mode: 0o555 })
}

function cidOf(name: string): ReturnType<typeof parseCid> | undefined {
  try {
    return parseCid(name)
  } catch {
    return undefined
  }
}

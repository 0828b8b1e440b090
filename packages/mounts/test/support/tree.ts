// What is in a file system, for comparing.
import type { Vfs, VfsFile, VfsFolder, VfsNode } from '../../src/index.ts'

/** All paths with the content of each file; folders end with a slash, links say where to. */
export async function treeOf(vfs: Vfs, folder: VfsFolder = vfs.root, path = '/'): Promise<Record<string, string>> {
  const tree: Record<string, string> = {}
  for await (const entry of vfs.list(folder)) {
    const node = await vfs.nodeOf(folder, entry)
    if (node === undefined) throw new Error(`${path}${entry.name} is listed and not there`)
    if (node.kind === 'directory')
      Object.assign(tree, { [`${path}${entry.name}/`]: '' }, await treeOf(vfs, node, `${path}${entry.name}/`))
    else tree[`${path}${entry.name}`] = node.kind === 'symlink' ? `-> ${node.target}` : await textOf(vfs, node)
  }
  return tree
}

/** The content of a file. */
export async function textOf(vfs: Vfs, file: VfsFile): Promise<string> {
  const bytes = await vfs.read(file, { offset: 0, length: file.size })
  if (bytes.length !== file.size) throw new Error(`read ${bytes.length} bytes of ${file.size}`)
  return Buffer.from(bytes).toString('latin1')
}

/** What stands at a path. */
export async function at(vfs: Vfs, path: string): Promise<VfsNode> {
  let node: VfsNode = vfs.root
  for (const name of path.split('/').filter((part) => part !== '')) {
    if (node.kind !== 'directory') throw new Error(`${path} goes below a file`)
    node = await vfs.require(node, name)
  }
  return node
}

export async function fileAt(vfs: Vfs, path: string): Promise<VfsFile> {
  const node = await at(vfs, path)
  if (node.kind !== 'file') throw new Error(`${path} is a ${node.kind}`)
  return node
}

export async function folderAt(vfs: Vfs, path: string): Promise<VfsFolder> {
  const node = await at(vfs, path)
  if (node.kind !== 'directory') throw new Error(`${path} is a ${node.kind}`)
  return node
}

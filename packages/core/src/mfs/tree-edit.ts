// Many changes of a tree of directories as one: each directory is made anew once, however many of its names changed.
import type { CID } from 'multiformats/cid'
import { changeDirectory } from '../directory/change-directory.ts'
import type { Metadata } from '../unixfs/unixfs-node.ts'
import { nodeFormOf } from './file-form.ts'
import { lastOf, makeDirectory, settingsBeside, type TreeEntry } from './tree-entry.ts'
import type { Workspace } from './workspace.ts'

/** What becomes of one directory. */
export interface FolderEdit {
  /** The directory as it is; a new one without it. */
  readonly base: CID | undefined
  /** What becomes of some of its names: something else, a directory that is changed itself, or nothing any more. */
  readonly names: ReadonlyMap<string, TreeEntry | FolderEdit | undefined>
  /** Takes the place of what it says of mode and time; by default that stays. */
  readonly metadata?: Metadata | undefined
}

/** What became of each directory. */
export type EditedFolders = ReadonlyMap<FolderEdit, TreeEntry>

/** Makes the changes of `edit`, which is that of the root. @throws as `changeDirectory` */
export async function editTree(workspace: Workspace, edit: FolderEdit): Promise<EditedFolders> {
  const made = new Map<FolderEdit, TreeEntry>()
  await editFolder(workspace, edit, { base: edit.base, made })
  return made
}

/** @param parent in which form a new directory is */
async function editFolder(
  workspace: Workspace,
  edit: FolderEdit,
  { base, made }: { readonly base: CID | undefined; readonly made: Map<FolderEdit, TreeEntry> },
): Promise<TreeEntry> {
  if (base === undefined) throw new TypeError('the root of an edit is there already')
  const directory = edit.base ?? makeDirectory(workspace, nodeFormOf(base)).cid
  const changes: { readonly name: string; readonly entry: TreeEntry | undefined }[] = []
  for (const [name, change] of edit.names) {
    const isFolder = change !== undefined && 'names' in change
    changes.push({ name, entry: isFolder ? await editFolder(workspace, change, { base: directory, made }) : change })
  }
  const { metadata } = edit
  const settings = settingsBeside(directory)
  const entry = await lastOf(workspace, changeDirectory(workspace, directory, { changes, settings, metadata }))
  made.set(edit, entry)
  return entry
}

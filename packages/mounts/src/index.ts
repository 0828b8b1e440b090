// What other packages may use of the mounts.
export type { VfsEntry } from './vfs/known-nodes.ts'
export { Vfs, type MakeOptions, type VfsEvent, type VfsOptions, type VfsParts, type VfsPlace } from './vfs/vfs.ts'
export { openFolder } from './vfs/roots.ts'
export { mountFuse, type FuseMount, type MountSettings } from './fuse/mount.ts'
export { unmount } from './fuse/device.ts'
export type { MountParts } from './fuse/operations.ts'
export { VfsError, type VfsProblem } from './vfs/vfs-error.ts'
export type { VfsFile, VfsFolder, VfsLink, VfsNode, VfsTree } from './vfs/vfs-node.ts'

// What operations of a file system take, and what it tells.
import type { AbortOptions, Metadata } from '@cairn/core'
import type { VfsFolder, VfsNode } from './vfs-node.ts'

/** Options of operations. */
export interface VfsOptions extends AbortOptions {
  /** Who asks: passed on with events, so that a front knows its own changes. */
  readonly origin?: unknown
}

/** Something has changed: what a name of a folder leads to, or what a node is. */
export type VfsEvent = { readonly origin: unknown } & (
  | { readonly kind: 'name'; readonly folder: VfsFolder; readonly name: string }
  | { readonly kind: 'node'; readonly node: VfsNode }
)

/** A name in a folder, whether anything stands there or not. */
export interface VfsPlace {
  readonly folder: VfsFolder
  readonly name: string
}

/** How something is made. */
export interface MakeOptions extends VfsOptions {
  /** What it says of mode and time; a time that it has follows its changes. */
  readonly metadata?: Metadata | undefined
}

/** What is set of a node; the size only of a file. */
export interface NodeChanges extends Metadata {
  readonly size?: number | undefined
}

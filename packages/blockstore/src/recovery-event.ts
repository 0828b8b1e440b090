// What a store tells about damage that it found and what it did about it. Nothing of this is silent, and nothing of it
// needs a person before the store works again.
import type { CID } from 'multiformats/cid'

/** What happened to a store while it was opened or used. */
export type RecoveryEvent =
  | RepairedEvent
  | DroppedEvent
  | IndexEvent
  | CutEvent
  | { /** Opened again after a write had failed. */ readonly kind: 'reopened'; readonly path: string }
  | DamagedEvent

/** LevelDB's repair was run on a database that did not open: what it could not read is gone from it. */
export interface RepairedEvent {
  readonly kind: 'repaired'
  readonly path: string
  /** Where the files are that the repair replaced, if there are any. */
  readonly keptIn: string | undefined
}

/** LevelDB left out bytes of its own log that it could not read. After a power loss they may never have been acknowledged. */
export interface DroppedEvent {
  readonly kind: 'dropped'
  readonly path: string
  readonly bytes: number
}

/** Blocks whose bytes are damaged or gone. */
export interface DamagedEvent {
  readonly kind: 'damaged'
  /** Raw CIDv1. */
  readonly cids: readonly CID[]
  /** Whoever reads is told of the damage as well; what is missing from the log is told here alone. */
  readonly foundBy: 'read' | 'recovery'
}

/** A key-value store has lost its last changes, although they were acknowledged. */
export interface CutEvent {
  readonly kind: 'cut'
  readonly path: string
  /** Number of changes lost, `undefined` for all that there were. */
  readonly batches: number | undefined
}

/** The index of a block store is being made anew from the log. */
export interface IndexEvent {
  readonly kind: 'index'
  /** Blocks read so far. */
  readonly blocks: number
  /** Comes last, behind the blocks that the log has lost. */
  readonly isDone: boolean
  /** False when parts of the log could not be read. */
  readonly isWhole: boolean
}

/** Takes what a store tells. */
export type OnRecovery = (event: RecoveryEvent) => void

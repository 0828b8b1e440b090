// Locks on paths. They live in memory: a lock of RFC 4918 promises no more than its time.
import { randomUUID } from 'node:crypto'
import { DAV_LOCK_SECONDS, DAV_LOCK_SECONDS_MAX, DAV_LOCKS_MAX } from '../limits.ts'
import { DavError } from './dav-error.ts'
import { isWithin, type DavPath } from './dav-path.ts'

/** One lock. */
export interface DavLock {
  readonly token: string
  readonly path: DavPath
  readonly isDeep: boolean
  readonly scope: 'exclusive' | 'shared'
  /** XML that its owner gave. */
  readonly owner: string
  untilMs: number
}

/** All locks of a share. */
export class Locks {
  readonly #locks = new Map<string, DavLock>()

  /** Locks that hold for a path, and with `below` also those of what lies below it. */
  on(path: DavPath, { below = false } = {}): DavLock[] {
    const now = performance.now()
    const found: DavLock[] = []
    for (const lock of this.#locks.values()) {
      if (lock.untilMs < now) {
        this.#locks.delete(lock.token)
        continue
      }
      const holds = isWithin(path, lock.path) && (lock.isDeep || lock.path.length === path.length)
      if (holds || (below && isWithin(lock.path, path))) found.push(lock)
    }
    return found
  }

  /** @throws DavError 423 where another lock stands in the way, 503 when there are too many */
  add(lock: Omit<DavLock, 'token' | 'untilMs'>, seconds: number | undefined): DavLock {
    const others = this.on(lock.path, { below: lock.isDeep })
    if (others.some(({ scope }) => scope === 'exclusive' || lock.scope === 'exclusive'))
      throw new DavError(423, 'no-conflicting-lock')
    if (this.#locks.size >= DAV_LOCKS_MAX) throw new DavError(503)
    const added = { ...lock, token: `urn:uuid:${randomUUID()}`, untilMs: untilOf(seconds) }
    this.#locks.set(added.token, added)
    return added
  }

  /** Gives a lock time anew. */
  refresh(lock: DavLock, seconds: number | undefined): void {
    lock.untilMs = untilOf(seconds)
  }

  remove(token: string): void {
    this.#locks.delete(token)
  }

  /** What is gone is locked no more. */
  removeWithin(path: DavPath): void {
    for (const lock of this.#locks.values()) if (isWithin(lock.path, path)) this.#locks.delete(lock.token)
  }
}

/** Seconds that a lock has left. */
export function secondsLeft({ untilMs }: DavLock): number {
  return Math.max(1, Math.round((untilMs - performance.now()) / 1000))
}

function untilOf(seconds = DAV_LOCK_SECONDS): number {
  return performance.now() + Math.min(seconds, DAV_LOCK_SECONDS_MAX) * 1000
}

// What goes wrong with files and folders. Protocols of file systems tell apart more than the codes of Cairn do.
import { CairnError, type ErrorCode } from '@cairn/core'

/** What stands in the way of an operation on a file system, and the code for it. */
const PROBLEMS = {
  missing: 'NOT_FOUND',
  exists: 'CONFLICT',
  'not-empty': 'CONFLICT',
  'is-directory': 'INVALID',
  'not-directory': 'INVALID',
  'read-only': 'DENIED',
  'bad-name': 'INVALID',
  'long-name': 'INVALID',
  'inside-itself': 'INVALID',
} as const satisfies Readonly<Record<string, ErrorCode>>

/** What stands in the way. */
export type VfsProblem = keyof typeof PROBLEMS

/** A failed operation on a file system. */
export class VfsError extends CairnError {
  readonly problem: VfsProblem

  constructor(problem: VfsProblem, message: string) {
    super(PROBLEMS[problem], message)
    this.name = 'VfsError'
    this.problem = problem
  }
}

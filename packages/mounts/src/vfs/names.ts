// Names that a folder may have.
import { NAME_BYTES_MAX } from '../limits.ts'
import { VfsError } from './vfs-error.ts'

/** @throws VfsError bad-name, long-name */
export function checkName(name: string): void {
  if (Buffer.byteLength(name) > NAME_BYTES_MAX)
    throw new VfsError(
      'long-name',
      `Cannot use a name of ${Buffer.byteLength(name)} bytes: at most ${NAME_BYTES_MAX} are allowed`,
    )
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name) || !name.isWellFormed())
    throw new VfsError('bad-name', `Cannot use ${JSON.stringify(name)} as a name`)
}

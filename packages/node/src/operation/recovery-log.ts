// What a store tells about damage, as lines of the log.
import type { RecoveryEvent } from '@cairn/blockstore'
import type { Logger } from '@cairn/core'

/** Tells `logger` of `event`: of what was lost or changed as a warning, of what goes its way as news. */
export function logRecovery(logger: Logger, event: RecoveryEvent): void {
  switch (event.kind) {
    case 'repaired':
      return logger.warn('database repaired', { path: event.path, keptIn: event.keptIn })
    case 'dropped':
      return logger.warn('unreadable bytes left out', { path: event.path, bytes: event.bytes })
    case 'cut':
      return logger.warn('last changes lost', { path: event.path, batches: event.batches })
    case 'reopened':
      return logger.info('database takes writes again', { path: event.path })
    case 'damaged':
      return logger.warn('blocks damaged or gone', {
        blocks: event.cids.length,
        first: event.cids[0]?.toString(),
        foundBy: event.foundBy,
      })
    case 'index':
      if (!event.isDone) return logger.debug('index is being made anew', { blocks: event.blocks })
      return logger.info('index made anew', { blocks: event.blocks, isWhole: event.isWhole })
  }
}

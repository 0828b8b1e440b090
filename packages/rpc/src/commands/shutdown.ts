// cairn shutdown: ends the daemon of a repo, as Ctrl-C in its terminal does.
import { CairnError } from '@cairn/core'
import { nothing } from './answers.ts'
import { eventCommand } from '../command.ts'

export const shutdown = eventCommand({
  path: ['shutdown'],
  summary: 'End the daemon that runs on the repo; what it has acknowledged is kept',
  examples: ['cairn shutdown'],
  options: {},
  // eslint-disable-next-line require-yield -- it has nothing to tell
  async *run({ shutdown: end }): AsyncGenerator<never> {
    if (end === undefined) throw new CairnError('UNAVAILABLE', 'Cannot shut down: no daemon runs on this repo')
    end()
  },
  answer: nothing,
  text: () => undefined,
})

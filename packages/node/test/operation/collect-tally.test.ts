// Collections are counted and told, however they end.
import type { CollectEvent, LogFacts, Logger } from '@cairn/core'
import { expect, test } from 'vitest'
import { CollectTally } from '../../src/operation/collect-tally.ts'

function recorder(): { readonly logger: Logger; readonly lines: (readonly [string, LogFacts | undefined])[] } {
  const lines: (readonly [string, LogFacts | undefined])[] = []
  const tell = (message: string, facts?: LogFacts): void => void lines.push([message, facts])
  return { lines, logger: { error: tell, warn: tell, info: tell, debug: tell } }
}

async function* events(error?: Error): AsyncGenerator<CollectEvent> {
  yield { kind: 'marked', blocks: 1, bytes: 1 }
  yield { kind: 'freed', bytes: 10 }
  if (error !== undefined) throw error
  yield { kind: 'freed', bytes: 20 }
}

test('ends of all kinds are told apart', async () => {
  const { logger, lines } = recorder()
  const tally = new CollectTally(logger)
  for await (const _ of tally.follow(events())) expect(tally.counts.running).toBe(1)
  for await (const _ of tally.follow(events())) break
  await expect(Array.fromAsync(tally.follow(events(new Error('no'))))).rejects.toThrow('no')
  expect(tally.counts).toMatchObject({ running: 0, done: 1, failed: 2, freedBytes: 40, removedBlocks: 0 })
  expect(lines.flatMap(([, facts]) => facts?.['outcome'] ?? [])).toEqual(['done', 'stopped', 'failed'])
})

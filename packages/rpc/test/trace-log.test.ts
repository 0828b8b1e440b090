import { createBlock, RAW_CODE } from '@cairn/core'
import { expect, test } from 'vitest'
import { TraceLog, type TraceLine } from '../src/index.ts'
import { TRACE_ENDED_MAX, TRACE_PEERS_MAX } from '../src/limits.ts'

/** A log whose clock is turned by hand. */
function openLog(): { log: TraceLog; lines: TraceLine[]; pass(ms: number): void } {
  const lines: TraceLine[] = []
  let now = 1000
  const log = new TraceLog(
    () => now,
    (line) => lines.push(line),
  )
  return { log, lines, pass: (ms) => void (now += ms) }
}

function cidOf(number: number) {
  return createBlock(Uint8Array.of(number, number >> 8), { codec: RAW_CODE }).cid
}

test('a block is followed from the first question to the last copy, and the sum is right', () => {
  const { log, lines, pass } = openLog()
  const cid = cidOf(1)
  const Cid = cid.toString()
  log.add({ kind: 'connected', peer: 'a' })
  log.add({ kind: 'wanted', cid })
  log.add({ kind: 'asked', cid, peer: 'a', type: 'block' })
  log.add({ kind: 'asked', cid, peer: 'b', type: 'have' })
  pass(10)
  log.add({ kind: 'answered', cid, peer: 'b', has: true })
  log.add({ kind: 'searching', cid })
  log.add({ kind: 'named', cid, peer: 'd' })
  log.add({ kind: 'failed', cid, peer: 'd', why: 'gone' })
  log.add({ kind: 'moved', cid, peer: 'a', why: 'silent' })
  log.add({ kind: 'asked', cid, peer: 'b', type: 'block' })
  pass(20)
  log.add({ kind: 'received', cid, peer: 'b', bytes: 300, use: 'wanted' })
  log.add({ kind: 'cancelled', cid, peer: 'a' })
  pass(5)
  log.add({ kind: 'received', cid, peer: 'a', bytes: 300, use: 'duplicate' })
  log.add({ kind: 'received', cid: undefined, peer: 'a', bytes: 50, use: 'unasked' })
  log.add({ kind: 'found', cid: cidOf(2), bytes: 7 })
  log.end(3)
  expect(lines).toMatchObject([
    { Event: 'connected', Ms: 0, Peer: 'a' },
    { Event: 'wanted', Ms: 0, Cid },
    { Event: 'asked', Ms: 0, Cid, Peer: 'a', Want: 'block', Attempt: 1 },
    { Event: 'asked', Ms: 0, Cid, Peer: 'b', Want: 'have' },
    { Event: 'answered', Ms: 10, Cid, Peer: 'b', Has: true, AfterMs: 10 },
    { Event: 'searching', Ms: 10, Cid },
    { Event: 'named', Ms: 10, Cid, Peer: 'd' },
    { Event: 'failed', Ms: 10, Cid, Peer: 'd', Why: 'gone' },
    { Event: 'moved', Ms: 10, Cid, Peer: 'a', Why: 'silent' },
    { Event: 'asked', Ms: 10, Cid, Peer: 'b', Want: 'block', Attempt: 2 },
    { Event: 'received', Ms: 30, Cid, Peer: 'b', Bytes: 300, Use: 'wanted', AfterMs: 20 },
    { Event: 'cancelled', Ms: 30, Cid, Peer: 'a' },
    { Event: 'received', Ms: 35, Cid, Peer: 'a', Bytes: 300, Use: 'duplicate', AfterMs: 35 },
    { Event: 'received', Ms: 35, Peer: 'a', Bytes: 50, Use: 'unasked' },
    { Event: 'found', Ms: 35, Bytes: 7 },
    { Event: 'summary', Ms: 35 },
  ])
  expect(lines.at(-1)).toEqual({
    Event: 'summary',
    Ms: 35,
    Blocks: 1,
    Bytes: 300,
    FoundBlocks: 1,
    FoundBytes: 7,
    UsefulBytes: 300,
    DuplicateBytes: 300,
    UnaskedBytes: 50,
    WastedBytes: 350,
    Waiting: 0,
    Peers: [
      expect.objectContaining({ Peer: 'a', Blocks: 0, Share: 0, DuplicateBytes: 300, UnaskedBytes: 50, Asked: 1 }),
      expect.objectContaining({ Peer: 'b', Blocks: 1, Share: 1, Asked: 2, Has: 1, RoundTripMs: 10, MeanMs: 15 }),
    ],
    Dropped: 3,
  })
})

test('what is waited for at the end is counted, and what nobody waits for any more is not', () => {
  const { log, lines } = openLog()
  for (const number of [1, 2, 3]) log.add({ kind: 'wanted', cid: cidOf(number) })
  log.add({ kind: 'ended', cid: cidOf(2) })
  log.end(0)
  expect(lines.at(-1)).toMatchObject({ Waiting: 2 })
})

test('a block that is wanted again is followed again, and what ended long ago is forgotten', () => {
  const { log, lines, pass } = openLog()
  const fetch = (number: number): void => {
    log.add({ kind: 'wanted', cid: cidOf(number) })
    log.add({ kind: 'asked', cid: cidOf(number), peer: 'a', type: 'block' })
    log.add({ kind: 'received', cid: cidOf(number), peer: 'a', bytes: 1, use: 'wanted' })
  }
  fetch(0)
  fetch(0)
  for (let number = 1; number <= TRACE_ENDED_MAX; number++) fetch(number)
  pass(5)
  for (const number of [0, 1]) log.add({ kind: 'received', cid: cidOf(number), peer: 'a', bytes: 1, use: 'duplicate' })
  expect(lines.slice(-2).map(({ AfterMs }) => AfterMs)).toEqual([undefined, 5])
})

test('peers beyond a bound share one sum', () => {
  const { log, lines } = openLog()
  const cid = cidOf(1)
  for (let peer = 0; peer < TRACE_PEERS_MAX + 10; peer++)
    log.add({ kind: 'received', cid, peer: `peer ${peer}`, bytes: 10, use: 'unasked' })
  log.end(0)
  const peers = lines.at(-1)?.['Peers'] as readonly object[]
  expect(peers).toHaveLength(TRACE_PEERS_MAX + 1)
  expect(peers.at(-1)).toMatchObject({ Peer: 'others', UnaskedBytes: 100 })
})

test('why a block waits is told with whom it was asked of', () => {
  const { log, lines } = openLog()
  const ask = { peer: 'a', type: 'block', state: 'open', presence: 'has', sent: true, sinceMs: 1500.04 } as const
  const asks = [{ ...ask, expectedMs: 20, isSilent: true }]
  const lacking = [{ ...ask, presence: 'lacks', expectedMs: Infinity, isSilent: false } as const]
  log.wait(
    [
      { cid: cidOf(1), waitedMs: 1600, reason: 'silent', asks },
      { cid: cidOf(2), waitedMs: 1600, reason: 'all lack it', asks: lacking },
    ],
    9,
    1,
  )
  expect(lines).toEqual([
    expect.objectContaining({
      Event: 'waiting',
      WaitedMs: 1600,
      Reason: 'silent',
      Asked: [{ Peer: 'a', Want: 'block', SinceMs: 1500, Has: true, ExpectedMs: 20, Silent: true }],
      Wants: 9,
      Peers: 1,
    }),
    expect.objectContaining({
      Reason: 'all lack it',
      Asked: [{ Peer: 'a', Want: 'block', SinceMs: 1500, Has: false }],
    }),
  ])
})

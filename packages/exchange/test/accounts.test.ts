import { expect, test } from 'vitest'
import { Accounts } from '../src/accounts.ts'
import { ACCOUNTS_MAX } from '../src/limits.ts'
import { openWorld, randomBlocks } from './peer.ts'

test('bytes of blocks are booked on both sides, and outlive a run', async () => {
  const [accounts, others] = [new Accounts(), new Accounts()]
  const world = openWorld()
  const [a, b] = [world.peer('a', { accounts }), world.peer('b', { accounts: others })]
  const blocks = randomBlocks(10, 5000)
  a.put(blocks)
  world.network.connect('a', 'b')
  await world.clock.settle(Promise.all(blocks.map(({ cid }) => b.bitswap.fetch(cid))))
  expect(a.bitswap.accountOf('b')).toEqual({ sent: 50_000, received: 0, exchanges: 10, wasted: 0 })
  expect(b.bitswap.accountOf('a')).toEqual({ sent: 0, received: 50_000, exchanges: 10, wasted: 0 })
  expect(b.bitswap.stats().traffic.totalIn).toBeGreaterThan(50_000)
  expect(b.bitswap.stats().traffic.rateIn).toBeGreaterThan(0)
  expect(accounts.isChanged).toBe(true)
  const again = new Accounts(accounts.encode())
  expect([accounts.isChanged, again.isChanged]).toEqual([false, false])
  again.add('b', { sent: 1, received: 2, exchanges: 3, wasted: 0 })
  expect(again.of('b')).toEqual({ sent: 50_001, received: 2, exchanges: 13, wasted: 0 })
})

test('bytes that came in vain are booked on who sent them, and a record from before that still counts', async () => {
  const world = openWorld()
  const [a, liar] = [world.peer('a'), world.actor('l')]
  world.network.connect('a', 'l')
  await liar.send('a', { blocks: randomBlocks(1, 3000) })
  await world.clock.pass(100)
  expect(a.bitswap.accountOf('l')).toEqual({ sent: 0, received: 3000, exchanges: 1, wasted: 3000 })
  const before = new Accounts(Buffer.from('[["b",1,2,3]]'))
  expect(before.of('b')).toEqual({ sent: 1, received: 2, exchanges: 3, wasted: 0 })
})

test('only the peers that exchanged something last are remembered', () => {
  const accounts = new Accounts()
  const one = { sent: 1, received: 0, exchanges: 1, wasted: 0 }
  for (let index = 0; index < ACCOUNTS_MAX; index++) accounts.add(`peer ${index}`, one)
  accounts.add('peer 0', one)
  accounts.add('new', one)
  expect(accounts.of('peer 0').sent).toBe(2)
  expect(accounts.of('peer 1').sent).toBe(0)
  expect(JSON.parse(Buffer.from(accounts.encode()).toString())).toHaveLength(ACCOUNTS_MAX)
})

test.each([
  '',
  'null',
  '{}',
  '[1]',
  '[["a"]]',
  '[["a",1,2,-1]]',
  '[[1,2,3,4]]',
  '[["a",1e300,2,3]]',
  '[["a",1,2,3,-1]]',
])('a record of %j counts as none', (text) => {
  expect(JSON.parse(Buffer.from(new Accounts(Buffer.from(text)).encode()).toString())).toEqual([])
})

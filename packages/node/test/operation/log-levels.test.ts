// How much each part tells, as people write it.
import { isCairnError } from '@cairn/core'
import { expect, test } from 'vitest'
import { newConfig, parseConfig } from '../../src/config/config.ts'
import { parseLogLevel, parseLogPlan } from '../../src/operation/log-levels.ts'

test.for([
  ['', 'warn', {}],
  ['error', 'error', {}],
  ['DEBUG', 'debug', {}],
  ['error,bitswap=debug', 'error', { exchange: 'debug' }],
  [' info , rpc=warning,gc=panic ', 'info', { rpc: 'warn', gc: 'fatal' }],
] as const)('%j', ([text, base, parts]) => {
  const plan = parseLogPlan(text)
  expect([plan.base, Object.fromEntries(plan.bySubsystem)]).toEqual([base, parts])
})

test.for(['loud', 'nobody=debug', 'rpc=loud', 'rpc=debug=info', '__proto__=debug', 'rpc='])('%j is refused', (text) => {
  expect(() => parseLogPlan(text)).toThrow(expect.toSatisfy((error) => isCairnError(error, 'INVALID')))
})

test('what another program has set may name parts that we lack, but no level that is none', () => {
  expect([...parseLogPlan('info,dht=debug,bitswap=error', { isForeign: true }).bySubsystem]).toEqual([
    ['exchange', 'error'],
  ])
  expect(() => parseLogPlan('loud', { isForeign: true })).toThrow()
  expect(() => parseLogLevel('constructor')).toThrow()
})

test('the config takes what the log takes', () => {
  const withLog = (Log: unknown): unknown =>
    parseConfig(JSON.stringify({ ...newConfig('test'), Cairn: { Log } })).Cairn?.Log
  expect(withLog({ Level: 'info,gc=debug', Format: 'json' })).toEqual({ Level: 'info,gc=debug', Format: 'json' })
  for (const wrong of [null, 'info', { Level: 'loud' }, { Level: 3 }, { Format: 'xml' }])
    expect(() => withLog(wrong)).toThrow()
})

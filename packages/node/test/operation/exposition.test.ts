// The text that Prometheus scrapes, letter by letter.
import { expect, test } from 'vitest'
import { counter, formatMetrics, gauge } from '../../src/operation/exposition.ts'

test('names, labels and numbers are written as the format has them', () => {
  const text = formatMetrics([
    counter('a_total', 'One\nline \\ only.', 3),
    gauge('b', 'Several.', [
      { labels: { path: 'a"b\\c\nd', other: '' }, value: 1e21 },
      { value: -Infinity },
      { value: NaN },
      { labels: { le: '+Inf' }, suffix: '_bucket', value: Infinity },
    ]),
    gauge('none', 'Without a number.', []),
  ])
  expect(text).toBe(
    [
      '# HELP a_total One\\nline \\\\ only.',
      '# TYPE a_total counter',
      'a_total 3',
      '# HELP b Several.',
      '# TYPE b gauge',
      String.raw`b{path="a\"b\\c\nd",other=""} 1e+21`,
      'b -Inf',
      'b NaN',
      'b_bucket{le="+Inf"} +Inf',
      '',
    ].join('\n'),
  )
})

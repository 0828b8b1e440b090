// Shows that each rule of `npm run check` is alive: a rule that a tool no longer knows would pass in silence otherwise.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RepositoryCopy, type ToolRun } from './repository-copy.ts'
import { COMPILED, LINTED, STRUCTURAL, UNFORMATTED, UNUSED, type Violation } from './violations.ts'

const PASSED: ToolRun = { exitCode: 0, output: '' }

describe('the tree as it is', () => {
  let copy: RepositoryCopy
  beforeAll(async () => void (copy = await RepositoryCopy.create()))
  afterAll(() => copy[Symbol.asyncDispose]())

  it('passes the linter', async () => {
    expect(await copy.run('oxlint', '--format=unix', '.')).toEqual(PASSED)
  })

  it('passes the check of the structure', async () => {
    expect(await copy.run('structure')).toEqual(PASSED)
  })
})

describe('the tree with violations', () => {
  let copy: RepositoryCopy
  let reports: Record<'format' | 'lint' | 'structure' | 'types' | 'testTypes' | 'unused', ToolRun>
  beforeAll(async () => {
    copy = await RepositoryCopy.create()
    await copy.plant([...LINTED, ...STRUCTURAL, ...COMPILED, ...UNUSED, UNFORMATTED])
    reports = {
      format: await copy.run('oxfmt', '--list-different', '.'),
      lint: await copy.run('oxlint', '--format=unix', '.'),
      structure: await copy.run('structure'),
      types: await copy.run('tsc', '-b'),
      testTypes: await copy.run('tsc', '-p', 'test/tsconfig.json'),
      unused: await copy.run('knip', '--reporter=json'),
    }
  })
  afterAll(() => copy[Symbol.asyncDispose]())

  const linesFor = (report: ToolRun, { path }: Violation): string[] =>
    report.output.split('\n').filter((line) => line.startsWith(path))

  it('fails every check', () => {
    for (const { exitCode } of Object.values(reports)) expect(exitCode).not.toBe(0)
  })

  for (const violation of LINTED) {
    it(`lint: ${violation.code} at ${violation.path}`, () => {
      expect(linesFor(reports.lint, violation).join('\n')).toContain(violation.code)
    })
  }

  for (const violation of STRUCTURAL) {
    it(`structure: ${violation.code} at ${violation.path}`, () => {
      expect(linesFor(reports.structure, violation).join('\n')).toContain(`${violation.code}:`)
    })
  }

  for (const violation of COMPILED) {
    it(`types: ${violation.code} at ${violation.path}`, () => {
      const report = violation.path.startsWith('test/') ? reports.testTypes : reports.types
      expect(linesFor(report, violation).join('\n')).toContain(violation.code)
    })
  }

  for (const violation of UNUSED) {
    it(`unused: ${violation.code} at ${violation.path}`, () => {
      const { issues } = JSON.parse(reports.unused.output)
      expect(issues.find((issue: { file: string }) => issue.file === violation.path)?.[violation.code]).not.toEqual([])
    })
  }

  it(`format: ${UNFORMATTED.path}`, () => {
    expect(linesFor(reports.format, UNFORMATTED)).toHaveLength(1)
  })
})

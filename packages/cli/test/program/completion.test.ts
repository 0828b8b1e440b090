// The scripts of the shells, by the shells themselves where they are installed.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { COMPLETIONS, type Shell } from '../../src/program/completion.ts'
import { wordsOf } from '../../src/program/words.ts'
import { buildProgram } from '../../src/program/program.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cairn-completion-'))
  const words = wordsOf(buildProgram('0', async () => undefined))
  for (const shell of ['bash', 'zsh', 'fish'] as const) writeFileSync(join(folder, shell), COMPLETIONS[shell](words))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Words of a line of which the last is not whole, and all that it may become. */
const LINES: readonly (readonly [line: readonly string[], completions: readonly string[]])[] = [
  [['pi'], ['pin', 'ping']],
  [
    ['pin', ''],
    ['add', 'ls', 'rm', 'update', 'verify'],
  ],
  [['refs', 'lo'], ['local']],
  [['ini'], ['init']],
  [['pin', 'ls', '--ty'], ['--type']],
  [
    ['pin', 'ls', '--type', ''],
    ['all', 'direct', 'indirect', 'recursive'],
  ],
  [['pin', 'ls', '--type', 're'], ['recursive']],
  [['pin', 'ls', '--rep'], ['--repo']],
  [['--repo', 'pin', 'pin', 'l'], ['ls']],
  [['commands', 'completion', 'f'], ['fish']],
]

const TIMEOUT_MS = 20_000

function has(shell: Shell): boolean {
  return spawnSync(shell, ['--version']).status === 0
}

function linesOf(shell: Shell, script: string, args: readonly string[] = []): string[] {
  const output = execFileSync(shell, ['-c', script, ...args], { encoding: 'utf8', timeout: TIMEOUT_MS })
  return output.split('\n').filter((line) => line !== '')
}

describe.each(LINES)('cairn %j', (line, completions) => {
  test.skipIf(!has('bash'))('in bash', () => {
    const script = `source "$0"; COMP_WORDS=(cairn "$@"); COMP_CWORD=$#; _cairn; printf '%s\\n' "\${COMPREPLY[@]}"`
    expect(linesOf('bash', script, [join(folder, 'bash'), ...line]).toSorted()).toEqual(completions)
  })

  test.skipIf(!has('fish'))('in fish', () => {
    const script = 'source $argv[1]; complete -C $argv[2]'
    const found = linesOf('fish', script, [join(folder, 'fish'), ['cairn', ...line].join(' ')])
    expect(found.map((text) => text.replace(/\t.*/, '')).toSorted()).toEqual(completions)
  })
})

test.skipIf(!has('bash'))('bash splits words at =', () => {
  const script = `source "$0"; COMP_WORDS=(cairn pin ls --type = "$1"); COMP_CWORD=5; _cairn; printf '%s\\n' "\${COMPREPLY[@]}"`
  expect(linesOf('bash', script, [join(folder, 'bash'), 'd'])).toEqual(['direct'])
})

test.skipIf(!has('zsh'))('zsh completes at its prompt', () => {
  const script = `
    zmodload zsh/zpty; zpty shell zsh -f -i
    zpty -w shell 'PROMPT="%% "; autoload -Uz compinit; compinit -u -D; source '$0'; bindkey "^I" complete-word; print rea""dy'
    zpty -r shell seen '*ready*'
    zpty -n -w shell $'cairn pin ls --type=rec\\t'
    zpty -r shell seen '*=recursive*' && print found`
  expect(linesOf('zsh', script, [join(folder, 'zsh')])).toEqual(['found'])
})

// What people see, on a real terminal: that of `script` of util-linux.
import { execFile, spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { delimiter, dirname } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CLI, openPlace, type Place } from './cairn.ts'

const ESCAPE = '\u001B['

let place: Place
let repo: string
let root: string

beforeAll(async () => {
  place = await openPlace()
  repo = await place.repo('one')
  await mkdir(place.path('folder', 'below'), { recursive: true })
  await writeFile(place.path('folder', 'a'), 'a')
  await writeFile(place.path('folder', 'large'), Buffer.alloc(3 * 1024 * 1024, 7))
  root = (await place.output(['--repo', repo, 'add', '-rQ', '--pin-name', 'kept', 'folder'])).trimEnd()
}, 60_000)

afterAll(() => place[Symbol.asyncDispose]())

/** Lines that `cairn` leaves on a terminal, as they were written. */
async function shown(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string[]> {
  const words = [CLI, '--repo', repo, ...args].map((word) => `'${word}'`).join(' ')
  const { stdout } = await promisify(execFile)('script', ['-qec', words, '/dev/null'], {
    cwd: place.folder,
    env: { PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter), TERM: 'xterm', ...env },
  })
  return stdout.split('\r\n').filter((line) => line !== '')
}

describe.skipIf(spawnSync('script', ['--version']).status !== 0)('on a terminal', () => {
  test('a listing is a table with sizes for people', async () => {
    const lines = await shown(['ls', root], { NO_COLOR: '1' })
    expect(lines.map((line) => line.slice(line.indexOf('  ')))).toEqual([
      '      1 B  a',
      '        -  below/',
      '  3.0 MiB  large',
    ])
    expect((await shown(['ls', root])).join('')).toContain(ESCAPE)
    expect(await place.output(['--repo', repo, 'ls', root])).toMatch(/^\S+ 1 a\n\S+ - below\/\n\S+ 3145728 large\n$/)
  })

  test('commands without arguments do not wait for any', async () => {
    expect(await shown(['pin', 'ls', '--names', '--type', 'recursive'], { NO_COLOR: '1' })).toEqual([
      `${root}  recursive  kept`,
    ])
    expect(await shown(['pin', 'ls', '--type', 'recursive', '--json'])).toEqual([
      `{"Cid":"${root}","Type":"recursive"}`,
    ])
  })

  test('a bar goes when the work is done', async () => {
    const [line = ''] = await shown(['add', '-Q', 'folder/large'])
    expect(line).toContain('100%')
    // The last that was done to its line is to clear it.
    expect(line.slice(line.lastIndexOf(ESCAPE))).toMatch(/^.\[2Kbafy\w+$/)
    expect((await shown(['add', '-Q', '--progress=false', 'folder/large']))[0]).toMatch(/^bafy\w+$/)
  })
})

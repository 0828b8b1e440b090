// What deploy/ says is what there is: files to copy, options of the daemon, and a unit that systemd takes.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { CLI } from '../e2e/cairn.ts'

const ROOT = join(import.meta.dirname, '..', '..')

const read = (name: string): string => readFileSync(join(ROOT, 'deploy', name), 'utf8')

/** Instructions of a Containerfile, with what stands on further lines. */
function instructionsOf(text: string): (readonly [name: string, rest: string])[] {
  return text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .flatMap((line) => {
      const [, name, rest] = /^([A-Z]+) (.*)$/.exec(line) ?? []
      return name === undefined || rest === undefined ? [] : [[name, rest] as const]
    })
}

/** What Node says of the help of the daemon. */
function helpOfDaemon(): string {
  return spawnSync(CLI, ['daemon', '--help'], { encoding: 'utf8' }).stdout
}

test('the image is built of files that are there, and runs as nobody special', () => {
  const instructions = instructionsOf(read('Containerfile'))
  const all = (name: string): string[] => instructions.flatMap(([own, rest]) => (own === name ? [rest] : []))
  const copied = all('COPY')
    .filter((rest) => !rest.startsWith('--from'))
    .flatMap((rest) => rest.split(' ').slice(0, -1))
  expect(copied).toContain('packages')
  for (const path of copied) expect(existsSync(join(ROOT, path)), path).toBe(true)
  // Each workspace has to be there for the lock file to fit.
  const { workspaces } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { workspaces: string[] }
  for (const folder of globSync(workspaces, { cwd: ROOT }))
    expect(
      copied.some((path) => (path === 'packages' ? folder.startsWith('packages') : path === `${folder}/package.json`)),
      folder,
    ).toBe(true)
  expect(all('FROM').every((rest) => rest.startsWith('docker.io/library/node:24-slim'))).toBe(true)
  expect(all('USER')).toEqual(['node'])
  const command = JSON.parse(all('CMD').at(-1) ?? '') as string[]
  expect(command[0]).toBe('daemon')
  for (const option of command.filter((word) => word.startsWith('--'))) expect(helpOfDaemon()).toContain(option)
})

test('the check of health tells a daemon that works from one that does not', async () => {
  const health = instructionsOf(read('Containerfile')).find(([name]) => name === 'HEALTHCHECK')?.[1] ?? ''
  const [, , script = ''] = JSON.parse(/CMD (\[.*\])$/.exec(health)?.[1] ?? '[]') as string[]
  expect(script).toContain(':5001/')
  let answer = 200
  const server = createServer((_, response) => response.writeHead(answer).end()).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const codeAt = async (at: number): Promise<unknown> => {
    const [code] = (await once(spawn(process.execPath, ['-e', script.replace(':5001', `:${at}`)]), 'exit')) as unknown[]
    return code
  }
  expect(await codeAt(port)).toBe(0)
  answer = 403
  expect(await codeAt(port)).toBe(0)
  answer = 500
  expect(await codeAt(port)).toBe(1)
  // Nobody listens there.
  expect(await codeAt(1)).toBe(1)
})

test.skipIf(spawnSync('systemd-analyze', ['--version']).error !== undefined)('systemd takes the unit', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-unit-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const program = join(folder, 'cairn')
  writeFileSync(program, '#!/bin/sh\n')
  chmodSync(program, 0o755)
  const unit = read('cairn.service')
  const command = /^ExecStart=\/usr\/local\/bin\/cairn (.*)$/m.exec(unit)?.[1]?.split(' ') ?? []
  for (const option of command.filter((word) => word.startsWith('--'))) expect(helpOfDaemon()).toContain(option)
  const verify = (text: string): string => {
    writeFileSync(join(folder, 'cairn.service'), text)
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', join(folder, 'cairn.service')], {
      encoding: 'utf8',
    })
    return `${status}: ${stderr}`
  }
  const usable = unit.replace('ExecStart=/usr/local/bin/cairn', `ExecStart=${program}`)
  expect(verify(usable)).toBe('0: ')
  // It would say so.
  expect(verify(usable.replace('DynamicUser=yes', 'DynamicUsers=yes'))).not.toBe('0: ')
})

// What a start costs: a command loads what it needs, and libp2p only for the network.
import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPlace, type Place } from './cairn.ts'

const RECORDER = new URL('record-modules.ts', import.meta.url).href

let place: Place
let repo: string

beforeAll(async () => {
  place = await openPlace()
  repo = await place.repo('repo')
  await writeFile(place.path('small'), 'small')
})

afterAll(() => place[Symbol.asyncDispose]())

/** URLs of the modules that a command loads. */
async function modulesOf(...args: readonly string[]): Promise<string[]> {
  const file = place.path('modules')
  await writeFile(file, '')
  const env = { NODE_OPTIONS: `--no-warnings --import=${RECORDER}`, MODULES_FILE: file }
  await place.output(['--repo', repo, ...args], { env })
  return (await readFile(file, 'utf8')).trimEnd().split('\n')
}

test('without a network, nothing of libp2p is loaded', async () => {
  for (const args of [['add', 'small'], ['add', '-n', 'small'], ['pin', 'ls'], ['repo', 'gc'], ['id']]) {
    const urls = await modulesOf(...args)
    expect(urls.some((url) => url.includes('/packages/node/'))).toBe(args[1] !== '-n')
    expect(urls.filter((url) => url.includes('libp2p'))).toEqual([])
  }
  // The check can see libp2p where it is.
  expect((await modulesOf('swarm', 'peers')).some((url) => url.includes('libp2p'))).toBe(true)
})

test('--version loads nothing but what prints it', async () => {
  const { stdout } = await place.cairn(['--version'], {
    env: { NODE_OPTIONS: `--no-warnings --import=${RECORDER}`, MODULES_FILE: place.path('few') },
  })
  expect(stdout.toString()).toMatch(/^cairn version \d+\.\d+\.\d+\n$/)
  const urls = (await readFile(place.path('few'), 'utf8')).trimEnd().split('\n')
  const files = urls.filter((url) => url.startsWith('file:')).map((url) => url.replace(/^.*\//, ''))
  expect(files.toSorted()).toEqual(['cairn.js', 'main.js', 'version.js'])
})

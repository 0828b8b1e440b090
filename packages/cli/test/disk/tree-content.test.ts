// Writing a tree goes on where it was interrupted, with what the CIDs prove.
import { randomBytes } from 'node:crypto'
import { open, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CairnError, importTree, PROFILES, readTree, type Block, type ProfileName, type TreeItem } from '@cairn/core'
import { describe, expect, test } from 'vitest'
import { writeTree, type WrittenTree } from '../../src/disk/disk-target.ts'
import { TreeContent } from '../../src/disk/tree-content.ts'
import { tempFolder } from '../temp-folder.ts'

type CID = TreeItem['cid']

const FILE_BYTES = 8 * 1024 * 1024

/** A file in blocks, of which only so many can be read. */
class Blocks {
  root: CID | undefined
  leavesRead = 0
  leavesMax = Infinity
  /** Called before each leaf is read. */
  onLeaf: () => Promise<unknown> = async () => undefined
  readonly #blocks = new Map<string, Block>()

  async import(content: Uint8Array, profile: ProfileName): Promise<this> {
    const source = { kind: 'file', content: () => pieces(content) } as const
    for await (const event of importTree({ name: '', source }, PROFILES[profile])) {
      if (event.kind === 'block') this.#blocks.set(event.block.cid.toString(), event.block)
      if (event.kind === 'entry') this.root = event.cid
    }
    return this
  }

  async get(cid: CID): Promise<Block> {
    const block = this.#blocks.get(cid.toString())
    if (block === undefined) throw new CairnError('NOT_FOUND', 'no such block')
    // Nodes of the upper levels are small beside leaves.
    if (block.bytes.length <= 100_000) return block
    if (++this.leavesRead > this.leavesMax) throw new CairnError('UNAVAILABLE', 'gone')
    await this.onLeaf()
    return block
  }

  async write(path: string): Promise<WrittenTree> {
    if (this.root === undefined) throw new TypeError('nothing was imported')
    this.leavesRead = 0
    const content = new TreeContent(path)
    const items = readTree(this, { cid: this.root, path: '' }, { known: content })
    return writeTree({ items, path, content }, () => undefined)
  }
}

async function* pieces(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content
}

describe.each([
  ['unixfs-v1-2025', 8],
  ['unixfs-v0-2015', 32],
] as const)('a file of profile %s', (profile, leaves) => {
  test('goes on where it was interrupted', async () => {
    const folder = await tempFolder()
    const content = randomBytes(FILE_BYTES)
    const blocks = await new Blocks().import(content, profile)
    blocks.leavesMax = leaves / 2
    await expect(blocks.write(join(folder, 'out'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await readdir(folder)).toEqual([expect.stringMatching(/^\.cairn-[0-9a-f]+\.part$/)])
    expect(await blocks.write(join(folder, 'out'))).toMatchObject({ bytes: FILE_BYTES, knownBytes: FILE_BYTES / 2 })
    expect(blocks.leavesRead).toBe(leaves / 2)
    expect(content.equals(await readFile(join(folder, 'out')))).toBe(true)
    expect(await readdir(folder)).toEqual(['out'])
  })

  test('takes nothing from a part that is not proven', async () => {
    const folder = await tempFolder()
    const content = randomBytes(FILE_BYTES)
    const blocks = await new Blocks().import(content, profile)
    blocks.leavesMax = leaves / 2
    await expect(blocks.write(join(folder, 'out'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    const [part = ''] = await readdir(folder)
    await overwrite(join(folder, part), 1000, Uint8Array.of((content[1000] ?? 0) ^ 1))
    await overwrite(join(folder, part), FILE_BYTES + 10, Uint8Array.of(1))
    blocks.leavesMax = Infinity
    await blocks.write(join(folder, 'out'))
    expect(blocks.leavesRead).toBe(leaves / 2 + 1)
    expect(content.equals(await readFile(join(folder, 'out')))).toBe(true)
  })

  test('stays as it is when it is right already', async () => {
    const path = join(await tempFolder(), 'out')
    const content = randomBytes(FILE_BYTES)
    const blocks = await new Blocks().import(content, profile)
    await writeFile(path, content)
    await utimes(path, 1000, 1000)
    const { ino } = await stat(path)
    expect(await blocks.write(path)).toMatchObject({ knownBytes: FILE_BYTES })
    expect(blocks.leavesRead).toBe(0)
    expect(await stat(path)).toMatchObject({ ino, mtimeMs: 1_000_000 })
  })

  test('of which one block differs costs that block', async () => {
    const folder = await tempFolder()
    const path = join(folder, 'out')
    const content = randomBytes(FILE_BYTES)
    const blocks = await new Blocks().import(content, profile)
    await writeFile(path, content)
    await overwrite(path, FILE_BYTES / 2 + 5, Uint8Array.of((content[FILE_BYTES / 2 + 5] ?? 0) ^ 1))
    await blocks.write(path)
    expect(blocks.leavesRead).toBe(1)
    expect(content.equals(await readFile(path))).toBe(true)
    expect(await readdir(folder)).toEqual(['out'])
  })

  test('is whole when somebody else ends with the part that was found', async () => {
    const folder = await tempFolder()
    const path = join(folder, 'out')
    const content = randomBytes(FILE_BYTES)
    const blocks = await new Blocks().import(content, profile)
    blocks.leavesMax = leaves / 2
    await expect(blocks.write(path)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    const [part = ''] = await readdir(folder)
    blocks.leavesMax = Infinity
    blocks.onLeaf = () => rm(join(folder, part), { force: true })
    const written = await blocks.write(path).catch((error: unknown) => error)
    if (!(written instanceof CairnError)) expect(content.equals(await readFile(path))).toBe(true)
    // The other one is gone: now nothing takes the part away.
    blocks.onLeaf = async () => undefined
    await blocks.write(path)
    expect(content.equals(await readFile(path))).toBe(true)
  })

  test('is whole for two that write it at once', async () => {
    const folder = await tempFolder()
    const path = join(folder, 'out')
    const content = randomBytes(FILE_BYTES)
    const blocks = await new Blocks().import(content, profile)
    await Promise.all([blocks.write(path), blocks.write(path), blocks.write(path)])
    expect(content.equals(await readFile(path))).toBe(true)
    expect(await readdir(folder)).toEqual(['out'])
  })
})

test('a small file is begun anew, and a link in the place of a part is refused', async () => {
  const folder = await tempFolder()
  const content = randomBytes(FILE_BYTES)
  const blocks = await new Blocks().import(content, 'unixfs-v0-2015')
  blocks.leavesMax = 1
  await expect(blocks.write(join(folder, 'out'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(await readdir(folder)).toEqual([])
  blocks.leavesMax = 30
  await expect(blocks.write(join(folder, 'out'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  const [part = ''] = await readdir(folder)
  const { unlink } = await import('node:fs/promises')
  await unlink(join(folder, part))
  await writeFile(join(folder, 'victim'), 'precious')
  await symlink('victim', join(folder, part))
  blocks.leavesMax = Infinity
  await expect(blocks.write(join(folder, 'out'))).rejects.toBeInstanceOf(CairnError)
  expect(await readFile(join(folder, 'victim'), 'utf8')).toBe('precious')
})

async function overwrite(path: string, position: number, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'r+')
  await handle.write(bytes, 0, bytes.length, position)
  await handle.close()
}

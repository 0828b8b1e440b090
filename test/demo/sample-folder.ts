// The folder that the demo adds.
import { createCipheriv } from 'node:crypto'
import { cp, mkdir, open, symlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'

const REPOSITORY = join(import.meta.dirname, '../..')
/** What of the repository is copied; build results and dependencies are left out. */
const COPIED = ['packages', 'docs', 'test', 'package.json', 'tsconfig.json']
const LEFT_OUT = new Set(['node_modules', 'dist', '.turbo'])

const PIECE_BYTES = 1024 * 1024
const BIG_FILE_PIECES = 256

/** Makes the folder at `path`, which must not exist. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(join(path, 'nested/deeper/deepest'), { recursive: true })
  for (const name of COPIED) {
    await cp(join(REPOSITORY, name), join(path, 'sources', name), {
      recursive: true,
      filter: (from) => !LEFT_OUT.has(basename(from)),
    })
  }
  await writeFile(join(path, 'empty'), '')
  await writeFile(join(path, 'nested/deeper/deepest/ünïcode 文件 🪨.txt'), 'stones piled up to mark a way\n')
  await symlink('empty', join(path, 'link-to-empty'))
  await writeBigFile(join(path, 'big.bin'))
}

/** 256 MiB that do not compress and are the same each time: AES-128-CTR over zeros, with a key of zeros. */
async function writeBigFile(path: string): Promise<void> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16))
  await using file = await open(path, 'wx')
  for (let piece = 0; piece < BIG_FILE_PIECES; piece++) await file.write(cipher.update(Buffer.alloc(PIECE_BYTES)))
}

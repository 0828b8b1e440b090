import { describe, expect, test } from 'vitest'
import { fileAt, textOf, treeOf } from '../support/tree.ts'
import { NO_FUSE, withMount } from './programs.ts'

describe.skipIf(NO_FUSE !== undefined)(`a mount${NO_FUSE === undefined ? '' : ` (skipped: ${NO_FUSE})`}`, () => {
  test('is a file system: files, folders, links, modes, times', async () => {
    await withMount(async ({ sh, vfs, repo }) => {
      await sh(`
        mkdir -p a/b; echo hello > a/b/f; ln -s f a/b/l; chmod 600 a/b/f; touch -d @1234567890.5 a/b/f
        [ "$(cat a/b/l)" = hello ]; [ "$(readlink a/b/l)" = f ]
        [ "$(stat -c '%a %s %.2Y' a/b/f)" = '600 6 1234567890.50' ]
        mv a/b c; [ "$(ls c)" = $'f\\nl' ]; [ ! -e a/b ]
        echo more >> c/f; [ "$(cat c/f)" = $'hello\\nmore' ]
        truncate -s 3 c/f; [ "$(cat c/f)" = hel ]; truncate -s 5 c/f; [ "$(stat -c %s c/f)" = 5 ]
        cp c/f c/g; mv -f c/g c/f; rm c/l; rmdir a
        ! rmdir c 2> /dev/null; ! mkdir c 2> /dev/null; ! ln c/f c/h 2> /dev/null
        dd if=/dev/zero of=c/z bs=1M count=3 status=none; [ "$(stat -c %s c/z)" = 3145728 ]
        df . > /dev/null; ! chown 12345 c/f 2> /dev/null; chown 0:0 c/f
        exec 3> c/open; echo one >&3; rm c/open; echo two >&3; exec 3>&-
        fallocate -l 100 c/allocated; [ "$(stat -c %s c/allocated)" = 100 ]
        sync c c/f
      `)
      const expected = {
        '/c/': '',
        '/c/f': 'hel\0\0',
        '/c/z': '\0'.repeat(3 * 2 ** 20),
        '/c/allocated': '\0'.repeat(100),
      }
      expect(await treeOf(vfs)).toEqual(expected)
      await vfs.sync()
      expect(await treeOf((await repo.open()).vfs)).toEqual(expected)
    })
  }, 60_000)

  test('says its CIDs, and takes no other extended attribute', async () => {
    await withMount(async ({ sh, vfs }) => {
      const script = `
        import os
        open('f', 'w').write('x' * 100)
        print(os.getxattr('f', 'cairn.cid').decode())
        print(os.listxattr('f'))
        for name in ('user.x', 'security.capability'):
          try: os.getxattr('f', name); print('there')
          except OSError as e: print(e.errno)
        try: os.setxattr('f', 'user.x', b'1'); print('set')
        except OSError as e: print(e.errno)
      `.replaceAll(/^ {8}/gm, '')
      const [cid, ...rest] = (await sh(`python3 -c "$(cat <<'END'${script}\nEND\n)"`)).trim().split('\n')
      expect(cid).toBe(`${(await vfs.entryOf(await fileAt(vfs, '/f'))).cid}`)
      expect(rest).toEqual(['[]', '61', '61', '95'])
    })
  })

  test('shows at once what others change, and they see what it changes', async () => {
    await withMount(async ({ sh, vfs, mfs }) => {
      await sh('mkdir d; echo old > d/f; cat d/f > /dev/null; ls d > /dev/null; [ ! -e d/new ]')
      await vfs.sync()
      await mfs.write('/d/f', bytes('newer\n'), { truncate: true })
      await mfs.write('/d/new', bytes('x'), { create: true })
      await expect.poll(() => sh('cat d/f; ls d')).toBe('newer\nf\nnew\n')
      await mfs.remove('/d/f')
      await expect.poll(() => sh('ls d')).toBe('new\n')
      const file = await fileAt(vfs, '/d/new')
      await sh('cat d/new > /dev/null')
      await vfs.write(file, { offset: 1, bytes: Buffer.from('yz') })
      await expect.poll(() => sh('cat d/new')).toBe('xyz')
      await sh('echo mine > d/mine; sync d/mine')
      expect(await textOf(vfs, await fileAt(vfs, '/d/mine'))).toBe('mine\n')
      expect(`${(await mfs.find('/d/mine')).cid}`).toMatch(/^b/)
    })
  })

  test('of content by CID cannot be changed, and lists sharded folders whole', async () => {
    await withMount(async ({ sh, vfs, repo, dir, beside }) => {
      await sh('mkdir many; cd many; for i in $(seq 3000); do : > name-$i-$(printf %060d $i); done')
      const { cid } = await vfs.entryOf(await vfs.require(vfs.root, 'many'))
      const { mountFuse, openFolder } = await import('../../src/index.ts')
      const frozen = await openFolder(vfs, repo.blocks, '/')
      const room = () => Promise.resolve({ total: 0, free: 0 })
      await using _ = await mountFuse(
        { vfs, root: frozen, room },
        { path: beside, isReadOnly: false, allowsOthers: false },
      )
      expect(
        await sh(`ls $BESIDE/ipfs/${cid} | sort > /dev/null; diff <(ls many) <(ls $BESIDE/ipfs/${cid}) && ls $BESIDE`),
      ).toBe('ipfs\nmfs\n')
      expect(await sh(`for i in 1 2; do ls -l $BESIDE/ipfs/${cid} | wc -l; done; ls $BESIDE/mfs`)).toBe(
        '3001\n3001\nmany\n',
      )
      await expect(sh(`touch $BESIDE/ipfs/${cid}/x`)).rejects.toThrow('Read-only')
      await expect(sh(`cat $BESIDE/ipfs/nonsense`)).rejects.toThrow('No such file')
      expect(dir).not.toBe(beside)
    })
  }, 120_000)

  test('answers for a block that nobody has with an error, in time', async () => {
    await withMount(
      async ({ sh, vfs, repo }) => {
        await sh('head -c 3000000 /dev/urandom > f; cp f g')
        const { cid } = await vfs.entryOf(await fileAt(vfs, '/f'))
        await vfs.close().catch(() => undefined)
        await repo.store.deleteMany([cid])
        await expect(sh('echo 3 > /proc/sys/vm/drop_caches; cat f > /dev/null')).rejects.toThrow('Input/output error')
      },
      { timeoutMs: 1000 },
    )
  })
})

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

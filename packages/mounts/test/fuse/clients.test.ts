// Programs that people use, in a mount: no difference, no error. Small forms here; CAIRN_SLOW=1 has them as large as they come.
import { describe, expect, test } from 'vitest'
import { NO_FUSE, shell, withMount } from './programs.ts'

const IS_SLOW = process.env['CAIRN_SLOW'] === '1'
const LIMIT_MS = IS_SLOW ? 900_000 : 120_000

/** Makes a tree of sources: folders in folders, texts of many sizes, some programs, some links. */
const MAKE_TREE = `
  python3 - "$1" "$2" <<'END'
import os, random, sys
root, count = sys.argv[1], int(sys.argv[2])
random.seed(7)
for i in range(count):
    folder = os.path.join(root, *[f"d{random.randrange(9)}" for _ in range(random.randrange(5))])
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"file {i}.ts")
    with open(path, "wb") as file: file.write(random.randbytes(int(random.paretovariate(0.6) * 100) % 300_000))
    if i % 50 == 0: os.chmod(path, 0o755)
    if i % 70 == 0: os.symlink(f"file {i}.ts", path + ".link")
END
`

/** Programs that are here. */
const HAS = new Set(
  (await shell('for name in rsync git sqlite3 fio; do command -v $name || true; done', '/'))
    .split('\n')
    .map((path) => path.slice(path.lastIndexOf('/') + 1)),
)

const skipped = NO_FUSE === undefined ? '' : ` (skipped: ${NO_FUSE})`
describe.skipIf(NO_FUSE !== undefined)(`in a mount${skipped}`, () => {
  test(
    'trees are copied, packed, moved and synchronised without a difference',
    async () => {
      await withMount(async ({ sh, repo, vfs, beside }) => {
        const tree = `make_tree() { ${MAKE_TREE}\n}`
        await sh(`
          ${tree}
          make_tree "$BESIDE/tree" ${IS_SLOW ? 5000 : 400}
          cp -r "$BESIDE/tree" one; diff -r --no-dereference "$BESIDE/tree" one
          cp -a "$BESIDE/tree" two; tar cf "$BESIDE/two.tar" two; mkdir out; tar xf "$BESIDE/two.tar" -C out
          diff -r --no-dereference "$BESIDE/tree" out/two
          cd two; find . -printf '%p %y %m %s %l %T@\\n' | sort > "$BESIDE/a"; cd "$BESIDE/tree"
          find . -printf '%p %y %m %s %l %T@\\n' | sort > "$BESIDE/b"; cd "$DIR"
          diff <(grep -v ' d ' "$BESIDE/a") <(grep -v ' d ' "$BESIDE/b")
        `)
        if (HAS.has('rsync'))
          await sh(`
            rsync -a "$BESIDE/tree/" three/; [ -z "$(rsync -ani --checksum "$BESIDE/tree/" three/)" ]
            echo changed >> "$BESIDE/tree/file 0.ts" || echo changed > "$BESIDE/tree/new"
            rm -rf "$BESIDE/tree/d1"; rsync -a --delete "$BESIDE/tree/" three/; diff -r --no-dereference "$BESIDE/tree" three
          `)
        await sh('mv one moved; rm -rf two out')
        await vfs.sync()
        await repo.collect()
        // What a mount of the same repo would show later.
        const again = await repo.open()
        const { mountFuse, openFolder } = await import('../../src/index.ts')
        const root = await openFolder(again.vfs, repo.blocks, '/mfs')
        const room = () => Promise.resolve({ total: 0, free: 0 })
        await shell('mkdir later', beside)
        const settings = { path: `${beside}/later`, isReadOnly: true, allowsOthers: false }
        await using _ = await mountFuse({ vfs: again.vfs, root, room }, settings)
        expect(await sh('diff -r --no-dereference moved "$BESIDE/later/moved" && ls "$BESIDE/later" | wc -l')).toMatch(
          /^[12]\n$/,
        )
      })
    },
    LIMIT_MS,
  )

  test.skipIf(!HAS.has('git'))(
    'git keeps a repository',
    async () => {
      await withMount(async ({ sh }) => {
        expect(
          await sh(`
        export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b HOME="$BESIDE"
        git init -q r; cd r
        for i in $(seq 20); do mkdir -p d$i; head -c $((i * 5000)) /dev/urandom > d$i/f; git add .; git commit -qm "$i"; done
        git mv d1 e1; git commit -qm moved; git gc -q; git fsck --full --strict; [ -z "$(git status --porcelain)" ]
        git clone -q . "$BESIDE/clone"; diff -r --exclude .git . "$BESIDE/clone"
        git checkout -q HEAD~5; git checkout -q -; [ "$(git log --oneline | wc -l)" = 21 ]
      
        echo done
      `),
        ).toMatch(/done\n$/)
      })
    },
    LIMIT_MS,
  )

  test.skipIf(!HAS.has('sqlite3'))(
    'a database is whole',
    async () => {
      await withMount(async ({ sh }) => {
        expect(
          await sh(`
          sqlite3 db "create table t(a integer primary key, b blob);
            with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000) insert into t select i, randomblob(300) from n;"
          for i in 1 2 3 4; do sqlite3 -cmd '.timeout 30000' db "update t set b = randomblob(500) where a % 7 = $i" & done; wait
          sqlite3 db 'delete from t where a % 3 = 0; vacuum; pragma integrity_check; select count(*) from t'
        `),
        ).toBe('ok\n2000\n')
      })
    },
    LIMIT_MS,
  )

  test.skipIf(!HAS.has('fio'))(
    'what is written anywhere, by many, is read back',
    async () => {
      await withMount(async ({ sh }) => {
        const size = IS_SLOW ? '64M' : '8M'
        const common = `--size=${size} --verify=crc32c --do_verify=1 --ioengine=psync --group_reporting --output=/dev/null`
        expect(
          await sh(`
        fio --name=random --rw=randwrite --bs=4k-64k --numjobs=4 ${common}
        fio --name=synced --rw=randwrite --bs=4k --fsync=64 ${common}
        fio --name=mapped --rw=randwrite --bs=4k --ioengine=mmap --size=4M --verify=crc32c --do_verify=1 --output=/dev/null
      
        echo done
      `),
        ).toMatch(/done\n$/)
      })
    },
    LIMIT_MS,
  )

  test(
    'sixteen processes at once, and readers by memory',
    async () => {
      await withMount(async ({ sh }) => {
        expect(
          await sh(`
        cat > "$BESIDE/work.py" <<'END'
import mmap, os, random, sys
me = int(sys.argv[1]); random.seed(me); model = {}
os.makedirs("shared", exist_ok=True)
for step in range(150):
    name = f"shared/{me}-{random.randrange(6)}"
    act = random.randrange(6)
    if act == 0 or name not in model:
        model[name] = random.randbytes(random.randrange(200_000)); open(name, "wb").write(model[name])
    elif act == 1:
        at = random.randrange(len(model[name]) + 5000); piece = random.randbytes(3000)
        with open(name, "r+b") as f: f.seek(at); f.write(piece)
        old = model[name].ljust(at, b"\\0"); model[name] = old[:at] + piece + old[at + 3000:]
    elif act == 2:
        other = f"shared/{me}-{random.randrange(6)}"; os.rename(name, other)
        content = model.pop(name); model[other] = content
    elif act == 3:
        os.remove(name); del model[name]
    elif act == 4 and len(model[name]) > 0:
        with open(name, "rb") as f, mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as m: assert m[:] == model[name], (me, step)
    else:
        assert open(name, "rb").read() == model[name], (me, step, name)
for name, content in model.items(): assert open(name, "rb").read() == content, (me, name)
assert {n for n in os.listdir("shared") if n.startswith(f"{me}-")} == {os.path.basename(n) for n in model}
END
        pids=(); for i in $(seq 16); do python3 "$BESIDE/work.py" $i & pids+=($!); done
        for pid in "\${pids[@]}"; do wait $pid; done
      
        echo done
      `),
        ).toMatch(/done\n$/)
      })
    },
    LIMIT_MS,
  )
})

// A share over real sockets: by litmus, the public suite of WebDAV, and by hand where it asks nothing.
import { connect } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { openWebDav, type DavRights, type Vfs } from '../../src/index.ts'
import { shell } from '../fuse/programs.ts'
import { withDiskRepo } from '../support/open-repo.ts'
import { treeOf } from '../support/tree.ts'

const HAS = new Set(
  (await shell('for name in litmus cadaver rclone curl; do command -v $name || true; done', '/'))
    .split('\n')
    .map((path) => path.slice(path.lastIndexOf('/') + 1)),
)

interface Shared {
  readonly vfs: Vfs
  readonly url: string
  readonly port: number
  call(method: string, path: string, options?: { headers?: Record<string, string>; body?: string }): Promise<Response>
}

test.skipIf(!HAS.has('litmus'))(
  'passes litmus, all of it',
  async () => {
    await withShare(async ({ url }) => {
      const folder = await mkdtemp(join(tmpdir(), 'cairn-litmus-'))
      try {
        const stdout = await shell(`litmus ${url} || true`, folder)
        expect(stdout).not.toMatch(/FAIL|WARNING/)
        const passed = [...stdout.matchAll(/run: (\d+) passed/g)].reduce((sum, [, count]) => sum + Number(count), 0)
        expect(passed).toBe(104)
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    })
  },
  120_000,
)

test.skipIf(!HAS.has('rclone'))(
  'rclone copies a tree there and back without a difference',
  async () => {
    await withShare(async ({ url }) => {
      const folder = await mkdtemp(join(tmpdir(), 'cairn-rclone-'))
      try {
        await shell(
          `
        mkdir -p a/b/c 'a/with space & <odd> %41'; for i in $(seq 30); do head -c $((i * 3001)) /dev/urandom > a/b/f$i; done
        echo x > 'a/with space & <odd> %41/ü#?.txt'; : > a/empty; head -c 9000000 /dev/urandom > a/large
        export RCLONE_CONFIG=/dev/null
        remote=":webdav,url='${url}',vendor=other:"
        rclone copy --create-empty-src-dirs a "$remote/x"; rclone check a "$remote/x" --download; rclone copy --create-empty-src-dirs "$remote/x" back; diff -r a back
        rclone move "$remote/x" "$remote/y"; rclone check a "$remote/y" --download; rclone delete "$remote/y/b"; rclone purge "$remote/y"
      `,
          folder,
        )
        expect(await shell('ls', folder)).toBe('a\nback\n')
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    })
  },
  120_000,
)

test.skipIf(!HAS.has('cadaver'))(
  'cadaver puts, lists and gets',
  async () => {
    await withShare(async ({ url, vfs }) => {
      const folder = await mkdtemp(join(tmpdir(), 'cairn-cadaver-'))
      try {
        const said = await shell(
          `echo hello > f; printf 'mkcol d\\nput f d/g\\nmove d/g h\\nls\\nget h back\\nquit\\n' | cadaver ${url} 2>&1; cat back`,
          folder,
        )
        expect(said).toMatch(/hello\n$/)
        expect(await treeOf(vfs)).toEqual({ '/d/': '', '/h': 'hello\n' })
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    })
  },
  60_000,
)

describe('what litmus does not ask', () => {
  test('ranges, conditions and quotas', async () => {
    await withShare(async ({ call }) => {
      const put = await call('PUT', '/f.txt', { body: '0123456789', headers: { 'x-oc-mtime': '1234567890' } })
      expect([put.status, put.headers.get('x-oc-mtime')]).toEqual([201, 'accepted'])
      const etag = put.headers.get('etag') ?? ''
      expect(etag).toMatch(/^"bafy/)
      const got = await call('GET', '/f.txt')
      expect([got.headers.get('content-type'), got.headers.get('last-modified')]).toEqual([
        'text/plain',
        'Fri, 13 Feb 2009 23:31:30 GMT',
      ])
      for (const [range, status, body] of [
        ['bytes=2-4', 206, '234'],
        ['bytes=-3', 206, '789'],
        ['bytes=8-99', 206, '89'],
        ['bytes=10-', 416, ''],
        ['bytes=1-2,4-5', 200, '0123456789'],
      ] as const) {
        const part = await call('GET', '/f.txt', { headers: { range } })
        expect([range, part.status, await part.text()]).toEqual([range, status, body])
      }
      expect((await call('GET', '/f.txt', { headers: { 'if-none-match': etag } })).status).toBe(304)
      expect((await call('PUT', '/f.txt', { body: 'x', headers: { 'if-match': '"other"' } })).status).toBe(412)
      expect((await call('PUT', '/f.txt', { body: 'x', headers: { 'if-none-match': '*' } })).status).toBe(412)
      expect((await call('HEAD', '/f.txt')).headers.get('content-length')).toBe('10')
      const quota = await call('PROPFIND', '/', {
        headers: { depth: '0' },
        body: '<propfind xmlns="DAV:"><prop><quota-available-bytes/></prop></propfind>',
      })
      expect(await quota.text()).toContain('<D:quota-available-bytes>600</D:quota-available-bytes>')
      expect((await call('PROPFIND', '/')).status).toBe(403)
    })
  })

  test('an upload that is cut off leaves nothing', async () => {
    await withShare(async ({ call, port, vfs }) => {
      await call('PUT', '/f', { body: 'old' })
      const socket = connect(port, '127.0.0.1')
      socket.write('PUT /f HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n' + 'x'.repeat(5000))
      await new Promise((resolve) => setTimeout(resolve, 200))
      socket.destroy()
      await new Promise((resolve) => setTimeout(resolve, 200))
      expect(await treeOf(vfs)).toEqual({ '/f': 'old' })
    })
  })

  test('rights, and who is asked for them', async () => {
    let rights: DavRights = 'none'
    await withShare(
      async ({ call }) => {
        const refused = await call('GET', '/')
        expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
          401,
          'Basic realm="cairn", charset="UTF-8"',
        ])
        rights = 'read'
        expect((await call('GET', '/')).status).toBe(200)
        for (const method of ['PUT', 'DELETE', 'MKCOL', 'COPY', 'MOVE', 'PROPPATCH', 'LOCK', 'UNLOCK'])
          expect([method, (await call(method, '/x')).status]).toEqual([method, 403])
      },
      () => rights,
    )
  })

  test('hostile requests are refused, and change nothing', async () => {
    await withShare(async ({ call, port, vfs }) => {
      await call('PUT', '/f', { body: 'kept' })
      const bomb =
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]><propfind xmlns="DAV:"><prop><x>&b;</x></prop></propfind>'
      const deep = '<a>'.repeat(200) + '</a>'.repeat(200)
      for (const body of [
        bomb,
        deep,
        '<propfind',
        'text',
        '<a xmlns:x=""/>',
        '<x:a/>',
        '<a/><b/>',
        '<propfind xmlns="DAV:">&nope;</propfind>',
        '\0',
      ])
        expect([body.slice(0, 20), (await call('PROPFIND', '/f', { headers: { depth: '0' }, body })).status]).toEqual([
          body.slice(0, 20),
          400,
        ])
      const large = `<propfind xmlns="DAV:">${' '.repeat(100_000)}</propfind>`
      expect((await call('PROPFIND', '/f', { headers: { depth: '0' }, body: large })).status).toBe(413)
      for (const path of ['/..%2f..%2fetc', '/%2e%2e/x', '/a%00b', '/%', '/%ff', '/a%2fb']) {
        const answer = await raw(
          port,
          `PUT ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx`,
        )
        expect([path, answer.slice(9, 12)]).toEqual([path, '400'])
      }
      expect(
        (
          await raw(port, 'PUT /../../x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx')
        ).slice(9, 12),
      ).toBe('400')
      expect((await call('PUT', `/${'x'.repeat(300)}`, { body: 'x' })).status).toBe(400)
      expect((await call('MOVE', '/f', { headers: { destination: 'http://elsewhere.example/g' } })).status).toBe(502)
      expect((await call('COPY', '/f', { headers: { destination: '/f/g' } })).status).toBe(403)
      expect((await call('DELETE', '/')).status).toBe(403)
      expect((await call('POST', '/f')).status).toBe(405)
      expect(
        (await call('LOCK', '/f', { body: '<lockinfo xmlns="DAV:"><lockscope><other/></lockscope></lockinfo>' }))
          .status,
      ).toBe(400)
      expect((await call('GET', '/f', { headers: { if: '(<broken' } })).status).toBe(200)
      expect((await call('PUT', '/f', { headers: { if: '(<broken' }, body: 'x' })).status).toBe(400)
      expect(await treeOf(vfs)).toEqual({ '/f': 'kept' })
    })
  })
})

async function withShare(use: (shared: Shared) => Promise<void>, rights: () => DavRights = () => 'all'): Promise<void> {
  await withDiskRepo(async (repo) => {
    const { vfs } = await repo.open()
    const errors: unknown[] = []
    const room = () => Promise.resolve({ total: 1000, free: 600 })
    const parts = {
      vfs,
      root: vfs.root,
      room,
      authorize: () => Promise.resolve(rights()),
      onError: (error: unknown) => errors.push(error),
    }
    const server = await openWebDav({ host: '127.0.0.1', port: 0 }, parts)
    const port = Number(/\/tcp\/(\d+)/.exec(server.address)?.[1])
    const url = `http://127.0.0.1:${port}/`
    try {
      const call: Shared['call'] = (method, path, options = {}) => fetch(new URL(path, url), { method, ...options })
      await use({ vfs, url, port, call })
    } finally {
      await server.close()
      await vfs.close()
    }
    expect(errors).toEqual([])
  })
}

async function raw(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(request)
  return text(socket)
}

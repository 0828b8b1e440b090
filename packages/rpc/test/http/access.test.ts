// Who may call: origins, names, browsers, secrets, and clients that waste a connection.
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { digestOfSecret } from '../../src/http/authorization.ts'
import { COMMANDS } from '../../src/index.ts'
import { fileForm, openRpc } from './open-rpc.ts'

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0'

test.for([
  [{}, 200],
  [{ Origin: 'http://localhost:PORT' }, 200],
  [{ Origin: 'http://127.0.0.1:PORT' }, 200],
  [{ Origin: 'https://[::1]:PORT' }, 200],
  [{ Origin: 'http://localhost:1' }, 403],
  [{ Origin: 'http://localhost.example:PORT' }, 403],
  [{ Origin: 'http://localhost:PORT.example' }, 403],
  [{ Origin: 'http://localhost@example:PORT' }, 403],
  [{ Origin: 'https://example.com' }, 403],
  [{ Origin: 'null' }, 403],
  [{ Origin: '' }, 403],
  [{ Origin: 'file://' }, 403],
  [{ Origin: 'chrome-extension://nibjojkomfdiaoajekhjakgkdhaomnch' }, 200],
  [{ Origin: 'chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' }, 403],
  [{ Origin: 'https://friend.example' }, 200],
  [{ Referer: 'http://localhost:PORT/webui/' }, 200],
  [{ Referer: 'https://friend.example/page?x' }, 200],
  [{ Referer: 'https://example.com/' }, 403],
  [{ Referer: 'nonsense' }, 403],
  [{ Origin: 'http://localhost:PORT', Referer: 'https://example.com/' }, 403],
  [{ 'User-Agent': BROWSER }, 403],
  [{ 'User-Agent': BROWSER, Origin: 'http://localhost:PORT' }, 200],
  [{ 'User-Agent': `${BROWSER} Electron/30` }, 200],
  [{ 'User-Agent': 'curl/8' }, 200],
  [{ Host: 'localhost:PORT' }, 200],
  [{ Host: '[::1]:PORT' }, 200],
  [{ Host: '192.168.0.2:PORT' }, 200],
  [{ Host: 'friend.example' }, 200],
  [{ Host: 'evil.example:PORT' }, 403],
  [{ Host: 'localhost.evil.example' }, 403],
  [{ Host: '127.0.0.1.evil.example' }, 403],
  [{ Host: 'a@b@c' }, 403],
] as const)('%j is answered with %d', async ([headers, status]) => {
  const { post, port } = await openRpc({ access: { origins: ['https://friend.example'] } })
  const sent = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.replaceAll('PORT', String(port))]),
  )
  expect((await post('repo/version', { headers: sent })).status).toBe(status)
})

test('a page that may call can read the answer, and one that may not cannot', async () => {
  const { post } = await openRpc({ access: { origins: ['*'] } })
  const { headers } = await post('id', { headers: { Origin: 'https://any.example' } })
  expect(headers).toMatchObject({
    'access-control-allow-origin': 'https://any.example',
    'access-control-expose-headers': 'X-Stream-Output, X-Chunked-Output, X-Content-Length',
    vary: 'Origin',
  })
  const refused = await (await openRpc()).post('id', { headers: { Origin: 'https://any.example' } })
  expect(refused.status).toBe(403)
  expect(refused.headers).not.toHaveProperty('access-control-allow-origin')
})

const HASHED = createHash('sha256').update('Bearer hashed').digest('hex')

const AUTHORIZATIONS = [
  { secret: 'bearer:all', allowedPaths: ['/api/v0'] },
  { secret: 'basic:user:pass word', allowedPaths: ['/api/v0/repo/version', '/api/v0/id'] },
  { secret: `basic:${Buffer.from('second:secret').toString('base64')}`, allowedPaths: ['/api/v0/add'] },
  { secret: `sha256:${HASHED}`, allowedPaths: ['/api/v0/id'] },
].map(({ secret, allowedPaths }) => ({ digest: digestOfSecret(secret), allowedPaths }))

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`

test.for([
  [undefined, 'id', 403],
  ['', 'id', 403],
  ['all', 'id', 403],
  ['Bearer al', 'id', 403],
  ['Bearer all ', 'id', 200],
  ['bearer all', 'id', 403],
  ['Bearer all', 'id', 200],
  ['Bearer all', 'refs/local', 200],
  [basic('user:pass word'), 'repo/version', 200],
  [basic('user:pass word'), 'refs/local', 403],
  [basic('user:wrong'), 'repo/version', 403],
  [basic('second:secret'), 'id', 403],
  ['Bearer hashed', 'id', 200],
  ['Bearer hashed', '%69d', 200],
  ['Bearer hashed', 'repo/../id', 200],
  ['Bearer hashed', 'id/../refs/local', 403],
  ['Bearer hashed', 'id%2F..%2Frefs%2Flocal', 404],
  [`sha256:${HASHED}`, 'id', 403],
  [`Bearer ${HASHED}`, 'id', 403],
  ['Bearer hashed', 'refs/local', 403],
] as const)('%s may call %s: %d', async ([secret, path, status]) => {
  const { post } = await openRpc({ access: { origins: [], authorizations: AUTHORIZATIONS } })
  const headers = secret === undefined ? {} : { Authorization: secret }
  expect((await post(path, { headers })).status).toBe(status)
})

test('a page asks what it may send without the secret, and who has it needs no name of this machine', async () => {
  const { post } = await openRpc({ access: { origins: ['*'], authorizations: AUTHORIZATIONS } })
  expect((await post('id', { method: 'OPTIONS', headers: { Origin: 'https://any.example' } })).status).toBe(204)
  const headers = { Host: 'node.example', Authorization: 'Bearer all' }
  expect((await post('id', { headers })).status).toBe(200)
  expect((await post('id', { headers: { ...headers, Authorization: 'Bearer none' } })).status).toBe(403)
})

test('a secret of another form is refused', () => {
  for (const secret of ['', 'all', 'bearer', 'bearer:', 'digest:x', 'sha256:12'])
    expect(() => digestOfSecret(secret)).toThrow(expect.objectContaining({ code: 'INVALID' }))
})

test('clients that are slow with their headers or their body are cut off', async () => {
  const { socket, post } = await openRpc({ limits: { headersTimeoutMs: 100, idleTimeoutMs: 100 } })
  const silent = socket()
  const late = socket()
  late.write('POST /api/v0/id HTTP/1.1\r\nHost: localhost\r\n')
  const stuck = socket()
  const { headers } = fileForm('')
  stuck.write(
    `POST /api/v0/add HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${headers['Content-Type']}\r\nContent-Length: 9999\r\n\r\n--line`,
  )
  for (const client of [silent, late, stuck]) client.resume()
  await expect
    .poll(() => [silent, late, stuck].map(({ closed }) => closed), { timeout: 5000 })
    .toEqual([true, true, true])
  expect((await post('id')).status).toBe(200)
})

test('one connection too many is closed, and others go on', async () => {
  const { socket, post } = await openRpc({ limits: { connectionsMax: 2 } })
  const [first, second] = [socket(), socket()]
  await Promise.all([first, second].map((client) => new Promise((resolve) => client.once('connect', resolve))))
  const third = socket().resume()
  await expect.poll(() => third.closed).toBe(true)
  second.destroy()
  await expect.poll(async () => (await post('id').catch(() => undefined))?.status).toBe(200)
  expect(first.destroyed).toBe(false)
})

test('headers of the config are in every answer, those for pages only where a page asks', async () => {
  const headers = { 'X-Frame-Options': ['DENY'], 'Access-Control-Allow-Credentials': ['true'] }
  const { post, port } = await openRpc({ access: { origins: [], headers } })
  const plain = await post('repo/version')
  expect(plain.headers).toMatchObject({ 'x-frame-options': 'DENY' })
  expect(plain.headers).not.toHaveProperty('access-control-allow-credentials')
  const origin = `http://localhost:${port}`
  expect((await post('repo/version', { headers: { Origin: origin } })).headers).toMatchObject({
    'x-frame-options': 'DENY',
    'access-control-allow-credentials': 'true',
    'access-control-allow-origin': origin,
  })
})

/** Paths, with arguments, that a secret for reading opens. Every other command is one that changes something. */
const READING = ['cat/x', 'files/ls', 'pin/ls', 'repo/stat', 'config?arg=Datastore', 'config/show', 'id', 'version']

test('a secret for reading opens what changes nothing, and nothing else', async () => {
  const authorizations = [{ digest: digestOfSecret('bearer:look'), allowedPaths: ['/api/v0'], isReadOnly: true }]
  const { post } = await openRpc({ access: { origins: [], authorizations } })
  const headers = { Authorization: 'Bearer look' }
  for (const path of READING) expect((await post(path, { headers })).status, path).not.toBe(403)
  const changing =
    /^(add|pin\/(add|rm|update)|block\/(put|rm)|dag\/(put|import)|files\/(write|cp|mv|rm|mkdir|flush|ch|touch)|repo\/(gc|verify|rebuild|compact)|swarm\/(connect|disconnect|\w+\/(add|rm))|bootstrap\/(add|rm)|shutdown|key\/(gen|rename|rm|import|sign)|config\/(replace|profile)|diag\/(cmds\/|profile)|log\/level)/
  const others = COMMANDS.filter(({ isLocal, path }) => !isLocal && changing.test(path.join('/')))
  expect(others.length).toBeGreaterThan(30)
  for (const { path, arguments: args } of others) {
    const words = args.map(() => 'arg=x').join('&')
    const { status } = await post(`${path.join('/')}?${words}`, {
      ...fileForm('x'),
      headers: { ...fileForm('x').headers, ...headers },
    })
    expect([400, 403], path.join('/')).toContain(status)
  }
  expect((await post('config?arg=Datastore.StorageMax&arg=1GB', { headers })).status).toBe(403)
  expect((await post('add', { ...fileForm('x'), headers: { ...fileForm('x').headers, ...headers } })).status).toBe(403)
})

test('a pin is seen and removed only in its namespace, and keeps its root while any has it', async () => {
  const names = ['', 'anna', 'ben'] as const
  const authorizations = names.map((pinNamespace) => {
    return { digest: digestOfSecret(`bearer:t${pinNamespace}`), allowedPaths: ['/api/v0'], pinNamespace }
  })
  const { post, node } = await openRpc({ access: { origins: [], authorizations } })
  const as = (name: string, path: string, form?: ReturnType<typeof fileForm>) =>
    post(path, { ...form, headers: { ...form?.headers, Authorization: `Bearer t${name}` } })
  const [{ Hash: cid } = { Hash: '' }] = (await as('anna', 'add?pin-name=mine', fileForm('shared'))).values as {
    readonly Hash: string
  }[]
  expect((await as('anna', 'pin/ls?names=true')).values).toEqual([
    { Keys: { [cid]: { Type: 'recursive', Name: 'mine' } } },
  ])
  for (const name of ['', 'ben']) {
    expect((await as(name, 'pin/ls')).values).toEqual([{}])
    expect((await as(name, `pin/ls?arg=${cid}`)).status).toBe(500)
    expect((await as(name, `pin/rm?arg=${cid}`)).text).toContain('not pinned or pinned indirectly')
    expect((await as(name, `pin/update?arg=${cid}&arg=${cid}`)).status).toBe(500)
  }
  expect((await as('ben', `pin/add?arg=${cid}&recursive=false&name=his`)).status).toBe(200)
  expect((await as('anna', `pin/rm?arg=${cid}`)).values).toEqual([{ Pins: [cid] }])
  expect((await as('anna', 'pin/ls')).values).toEqual([{}])
  expect(JSON.stringify((await as('ben', 'pin/ls?names=true')).values)).toContain('his')
  // What nobody of the caller's namespace has pinned is kept all the same.
  expect((await as('', `block/rm?arg=${cid}`)).text).toContain('Error')
  await as('', 'repo/gc')
  expect((await node.store.stat()).blocks).toBe(1)
  expect((await as('ben', `pin/rm?arg=${cid}`)).status).toBe(200)
  await as('', 'repo/gc')
  expect((await node.store.stat()).blocks).toBe(0)
  expect((await as('', `pin/add?arg=${cid}&name=%00anna%00x&offline=true`)).status).not.toBe(200)
})

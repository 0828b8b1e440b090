// Bodies as trees: what clients send, and what they should not.
import { expect, test } from 'vitest'
import { form, openRpc, type OpenRpc, type PartText } from './open-rpc.ts'

const FOLDER = { name: 'dir', type: 'application/x-directory' }

/** Names of what was added, roots last; of each with its permissions and time where it has some. */
async function addAll({ post }: OpenRpc, parts: readonly PartText[], options = ''): Promise<readonly unknown[]> {
  const { status, values, trailers, text } = await post(`add?${options}`, form(parts))
  expect({ status, text, trailers }).toMatchObject({ status: 200, trailers: {} })
  return values
}

async function namesOf(parts: readonly PartText[], options = ''): Promise<string[]> {
  const values = (await addAll(await openRpc(), parts, options)) as { readonly Name: string }[]
  return values.map(({ Name }) => Name)
}

test.for([
  ['a', 'a'],
  ['/a', 'a'],
  ['./a', 'a'],
  ['../a', 'a'],
  ['../../../etc/passwd', 'etc/passwd'],
  ['%2e%2e%2f%2e%2e%2fetc%2fpasswd', 'etc/passwd'],
  ['a/../../b', 'b'],
  ['a//b/./c', 'a/b/c'],
  ['a+b%2Bc', 'a b+c'],
  ['%C3%BC.txt', 'ü.txt'],
  ['100%.txt', '100%.txt'],
  ['100%25', '100%'],
  ['a%20b%22c', 'a b"c'],
  [String.raw`..\a`, String.raw`..\a`],
] as const)('the name %s is %s', async ([filename, name]) => {
  expect((await namesOf([{ filename, content: 'x' }]))[0]).toBe(name)
})

test('a file without a name has that of its CID', async () => {
  const [{ Name, Hash }] = (await addAll(await openRpc(), [{ content: 'x' }])) as [{ Name: string; Hash: string }]
  expect(Name).toBe(Hash)
})

test('folders come before what is in them, or are implied', async () => {
  const parts = [
    { ...FOLDER, filename: 'top' },
    { filename: 'top/a', content: '1' },
    { ...FOLDER, filename: 'top/empty' },
    { ...FOLDER, filename: 'top%2Fsub' },
    { filename: 'top%2Fsub%2Fb', content: '2' },
    { filename: 'top/sub/deep/er/c', content: '3' },
    { filename: 'other', content: '4' },
  ]
  const names = await namesOf(parts)
  expect(names.toSorted()).toEqual(
    [
      'top',
      'top/a',
      'top/empty',
      'top/sub',
      'top/sub/b',
      'top/sub/deep',
      'top/sub/deep/er',
      'top/sub/deep/er/c',
      'other',
    ].toSorted(),
  )
  expect(names.at(-1)).toBe('other')
  expect(names.indexOf('top')).toBe(names.length - 2)
  expect((await namesOf(parts, 'wrap-with-directory=true')).at(-1)).toBe('')
})

test('the same tree has the same CID whether its folders are named or implied', async () => {
  const rpc = await openRpc()
  const files = [
    { filename: 't/a', content: '1' },
    { filename: 't/s/b', content: '2' },
  ]
  const named = [{ ...FOLDER, filename: 't' }, files[0] ?? {}, { ...FOLDER, filename: 't/s' }, files[1] ?? {}]
  expect((await addAll(rpc, files)).at(-1)).toEqual((await addAll(rpc, named)).at(-1))
})

test('permissions, times and links are kept', async () => {
  const rpc = await openRpc()
  const values = await addAll(rpc, [
    { name: 'dir?mode=0755&mtime=1600000000', type: 'application/x-directory', filename: 't' },
    { name: 'file-1?mode=0640&mtime=-5&mtime-nsecs=7', filename: 't/a', content: '1' },
    { type: 'application/symlink', filename: 't/l', content: '../../etc/passwd' },
  ])
  expect(values).toMatchObject([
    { Name: 't/a', Mode: '0640', Mtime: -5, MtimeNsecs: 7 },
    { Name: 't/l' },
    { Name: 't', Mode: '0755', Mtime: 1_600_000_000 },
  ])
  const { Hash } = values.at(-1) as { readonly Hash: string }
  expect((await rpc.post(`ls?arg=${Hash}`)).values).toMatchObject([
    {
      Objects: [
        {
          Links: [
            { Name: 'a', Type: 2 },
            { Name: 'l', Type: 4, Target: '../../etc/passwd' },
          ],
        },
      ],
    },
  ])
})

test.for([
  ['a mode that is none', [{ name: 'file?mode=99', filename: 'a' }]],
  ['a time that is none', [{ name: 'file?mtime=soon', filename: 'a' }]],
  ['a path too deep', [{ filename: 'a/'.repeat(2000) + 'a' }]],
  ['a name too long', [{ filename: 'a'.repeat(100_000) }]],
  ['a link too far', [{ type: 'application/symlink', filename: 'l', content: 'x'.repeat(5000) }]],
  ['a name with a zero', [{ filename: 'a/b%00c' }]],
  ['two files of one name in a folder', [{ filename: 't/a' }, { filename: 't/a' }]],
  ['a file that is a folder as well', [{ filename: 't/a' }, { filename: 't/a/b' }]],
] as const)('%s fails, and nothing is kept', async ([, parts]) => {
  const { post, node } = await openRpc()
  const { status, trailers } = await post('add', form(parts))
  expect(status === 500 || trailers['x-stream-error'] !== undefined).toBe(true)
  expect(await Array.fromAsync(node.pins.list())).toEqual([])
})

test.for([
  ['no parts', '--x--\r\n', 200],
  ['nothing', '', 500],
  ['another boundary', '--y\r\n\r\n\r\n--y--\r\n', 500],
  ['no end of its headers', '--x\r\nContent-Disposition: form-data; name="a"; filename="a"', 500],
  ['headers that are none', '--x\r\n\u0000\u0001\r\n\r\nx\r\n--x--\r\n', 500],
  ['a part that is not of a form', '--x\r\nContent-Type: text/plain\r\n\r\nx\r\n--x--\r\n', 200],
  ['nothing but headers', `--x\r\nA: ${'b'.repeat(200_000)}\r\n\r\n`, 500],
  ['a long preamble', `${'b'.repeat(200_000)}\r\n--x--\r\n`, 500],
] as const)('a body with %s is answered with %s', async ([, body, status]) => {
  const { post } = await openRpc()
  expect((await post('add', { headers: { 'Content-Type': 'multipart/form-data; boundary=x' }, body })).status).toBe(
    status,
  )
  expect((await post('id')).status).toBe(200)
})

test('a body of another type, or without a boundary, is a mistake', async () => {
  const { post } = await openRpc()
  for (const type of ['text/plain', 'multipart/form-data', 'multipart/mixed; boundary=x'])
    expect((await post('add', { headers: { 'Content-Type': type }, body: 'x' })).status).toBe(400)
  expect((await post('add', { headers: { 'Content-Type': 'multipart/form-data; x=y' }, body: 'x' })).status).toBe(500)
})

test('many files, and a deep path, go through', async () => {
  const many = Array.from({ length: 5000 }, (_, index) => ({ filename: `many/${index}`, content: `${index}` }))
  expect(await namesOf(many, 'only-hash=true')).toHaveLength(5001)
  const depth = 500
  expect(await namesOf([{ filename: 'd/'.repeat(depth) + 'f', content: 'x' }], 'only-hash=true')).toHaveLength(
    depth + 1,
  )
})

test('block put, dag put and dag import take many parts, with a result for each', async () => {
  const { post } = await openRpc()
  const blocks = await post('block/put', form(['one', 'two'].map((content) => ({ content }))))
  expect(blocks.values).toMatchObject([{ Key: expect.stringMatching(/^bafk/), Size: 3 }, { Size: 3 }])
  const values = await post('dag/put', form(['{"a":1}', '[2]', '3'].map((content) => ({ content }))))
  const roots = values.values as { readonly Cid: { readonly '/': string } }[]
  expect(roots).toHaveLength(3)
  const cars = []
  for (const { Cid } of roots) cars.push((await post(`dag/export?arg=${Cid['/']}`)).text)
  expect(cars).toHaveLength(3)
})

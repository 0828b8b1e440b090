// The tree whose CIDs Kubo publishes for stored modes and times. Source: ipfs/kubo test/sharness/t0047-add-mode-mtime.sh.
import { dropBlocks, importTree, PROFILES, type ImportSource, type Metadata } from '@cairn/core'
import { expect, test } from 'vitest'

const START = 1_655_158_632n

/** Mode and time as the script sets them; Kubo's directories take both, links their time. */
const at = (offset: bigint, mode: number): Metadata => ({ mode, mtime: { seconds: START + offset, nanoseconds: 0 } })
const directory = (metadata: Metadata, entries: Readonly<Record<string, ImportSource>>): ImportSource => ({
  kind: 'directory',
  metadata,
  async *entries() {
    for (const [name, source] of Object.entries(entries)) yield { name, source }
  },
})
const file = (metadata: Metadata): ImportSource => ({ kind: 'file', metadata, async *content() {} })

const TREE = (isPreserved: boolean): ImportSource => {
  const meta = (offset: bigint, mode: number) => (isPreserved ? at(offset, mode) : {})
  return directory(meta(0n, 0o700), {
    file1: file(meta(80n, 0o644)),
    dir1: directory(meta(90n, 0o755), {}),
    dir2: directory(meta(50n, 0o755), {
      sub1: directory(meta(40n, 0o755), {
        link1: { kind: 'symlink', target: '../sub2/file3', metadata: meta(20n, 0o777) },
        sub2: directory(meta(30n, 0o755), { file3: file(meta(10n, 0o644)) }),
      }),
    }),
    dir3: directory(meta(70n, 0o755), { file2: file(meta(60n, 0o644)) }),
  })
}

test.each<[string, { readonly isPreserved: boolean; readonly metadata: Metadata }, readonly string[]]>([
  [
    'preserved',
    { isPreserved: true, metadata: {} },
    [
      'QmRCG3Pprg4jbhfYBzVzfJVyneFHnBquPGXwvXU3jSuf5j',
      'QmReHCn4BSJJdtd6Le8Hd8Puai6TmgpPCYb13wyM7FD9AD',
      'QmSioyvQuXetxg7uo8FswGn9XKKEsisDq1HTMzGyWbw2R6',
      'QmTMoVgJKhPrz9DfkvT132mxyBXNae5azXQ42WbM9abdSE',
      'QmVzXqpuQGCAgRwEbGuE9xe8Fidi1HEXaPKsQEFEbPJW9j',
      'QmW6Nqy2nziduAp3UGx2a52gtSUsYzhVcZMuPdxBRnwCyP',
      'QmeQwX5qAX18fcPDxDdkfM6ttuFCZetF5hgeUa6ov8D5oc',
      'QmefofUNwC2U3Xp87rB1x8Aws6AdsDuoXR7B9u2RkEZ4dQ',
      'Qmeu24TFarJwLzJgMTDYDJTr4BMGnzafoSnfxov1513abW',
      'Qmf82bbFg2e8HmcqiewutVVw5NoMpiXZD57LpLdC1poBuH',
    ],
  ],
  [
    'one mode for all',
    { isPreserved: false, metadata: { mode: 0o753 } },
    [
      'QmNZ5cyx3f6maXkczwhh3ufjDCh9f3k9zrDhX218ZZGvoV',
      'QmRqtFVLkXfWJuqWtYiCPthgomo3gouno8uvMeGAyCVaWS',
      'QmSkrWNcyDA7s1qiT6Ps7ey4zcB7uBH3sqGcKRfW4UMKhM',
      'QmSkrWNcyDA7s1qiT6Ps7ey4zcB7uBH3sqGcKRfW4UMKhM',
      'QmSkrWNcyDA7s1qiT6Ps7ey4zcB7uBH3sqGcKRfW4UMKhM',
      'QmZNAZXB6JyJ1cK9h1uJEK4XDo1CKsSuHMPGUUMrzDXCQz',
      'QmbSz6GyS8MNR4M9xtCteuGVJQRYkCXLbW174Fdy8jtaoZ',
      'QmccnAQQeJGtmtgZoi3hpEmgdxbuX1ao2hQmrKmmwQnCn9',
      'QmeTZoiAiduFY2hXaNQP4ehiE71BrQFEnrqduBZ5ZjHuFy',
      'Qmf13KNurvAHUfMBhMWvZuftmUikhhGY7ohWVaBDDndFMz',
    ],
  ],
  [
    'one time for all',
    { isPreserved: false, metadata: { mtime: { seconds: 1_603_539_720n, nanoseconds: 0 } } },
    [
      'QmPCGFZ8ZFowAwfWdCeGsr9wSbGXwZiHW3bZ7XSYcc1Zby',
      'QmT3aY4avDcYXCWpU8CJzqUkW7YEuEsx36S8cTNoLcuK1B',
      'QmT3aY4avDcYXCWpU8CJzqUkW7YEuEsx36S8cTNoLcuK1B',
      'QmT3aY4avDcYXCWpU8CJzqUkW7YEuEsx36S8cTNoLcuK1B',
      'QmUGMu9epCEz5HMsuJFgpJxxt3HoahsTQcC65Jje6LNqYF',
      'QmXhzoPKuqmkqbyr4kJFznFRXtGwriCXKGFPr4vviyK3aV',
      'QmZ5wKCcL11TckypuDTKLLNFP6JMCBJRCn385XKQQ6PCLt',
      'Qmdw3hiAxn6R5MRkkdzLdFvZUa2WJeLCTXXCyB8byFsHSA',
      'QmedF4m2Y8341azfkpvaHSkxbSrZa4fo6FT25h6sRUVkpq',
      'QmfWitW6F13WHFXLbJzXRYmwrS1p4gaAJAfucUSMytRPn3',
    ],
  ],
])('a tree with %s', async (_, { isPreserved, metadata }, cids) => {
  const settings = { ...PROFILES['unixfs-v0-2015'], metadata }
  const found: string[] = []
  for await (const event of dropBlocks(importTree({ name: '', source: TREE(isPreserved) }, settings))) {
    if (event.kind === 'entry') found.push(event.cid.toString())
  }
  expect(found.toSorted()).toEqual([...cids].toSorted())
})

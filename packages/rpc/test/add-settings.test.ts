// What the options of `add` make of a profile.
import { describe, expect, test } from 'vitest'
import { PROFILES } from '@cairn/core'
import { importSettings } from '../src/commands/add-settings.ts'
import { parseMode, parseNanoseconds, parseSeconds } from '../src/metadata.ts'

const refusedWith = (code: string) => expect.objectContaining({ code })

describe('importSettings', () => {
  test.each(['unixfs-v0-2015', 'unixfs-v1-2025'] as const)('without options is the profile %s', (profile) => {
    expect(importSettings({ profile })).toMatchObject(PROFILES[profile])
  })

  test.each([
    [{ 'cid-version': 0, hash: 'blake3' }, 'INVALID'],
    [{ profile: 'unixfs-v0-2015', 'cid-version': 0, hash: 'sha3-256' }, 'INVALID'],
    [{ 'mtime-nsecs': '1' }, 'INVALID'],
    [{ 'mtime-nsecs': '1', mtime: '0' }, 'INVALID'],
    [{ 'inline-limit': 32 }, 'INVALID'],
    [{ inline: true, 'inline-limit': 129 }, 'LIMIT'],
    [{ 'max-hamt-fanout': 7 }, 'INVALID'],
    [{ 'max-hamt-fanout': 2048 }, 'LIMIT'],
    [{ 'hamt-threshold': 'much' }, 'INVALID'],
  ])('refuses %j', (options, code) => {
    expect(() => importSettings(options)).toThrow(refusedWith(code))
  })

  test('another hash makes CID version 1, and that raw leaves', () => {
    expect(importSettings({ profile: 'unixfs-v0-2015', hash: 'blake3' })).toMatchObject({
      cidVersion: 1,
      rawLeaves: true,
    })
    expect(importSettings({ 'cid-version': 0 }).rawLeaves).toBe(false)
  })

  test('raw leaves that nobody asked for go when metadata is stored', () => {
    const v0 = { profile: 'unixfs-v0-2015', 'cid-version': 1 } as const
    expect(importSettings(v0).rawLeaves).toBe(true)
    for (const options of [{ mode: '0600' }, { mtime: '5' }, { 'preserve-mode': true }, { 'preserve-mtime': true }]) {
      expect(importSettings({ ...v0, ...options }).rawLeaves).toBe(false)
      expect(importSettings({ ...v0, ...options, 'raw-leaves': true }).rawLeaves).toBe(true)
      expect(importSettings(options).rawLeaves).toBe(true)
    }
  })

  test('inline has a limit of 32 bytes, and 0 for mode or time is as if not given', () => {
    expect(importSettings({}).inlineBytesMax).toBeUndefined()
    expect(importSettings({ inline: true }).inlineBytesMax).toBe(32)
    expect(importSettings({ inline: true, 'inline-limit': 0 }).inlineBytesMax).toBe(0)
    expect(importSettings({ mode: '0', mtime: '0' }).metadata).toEqual({})
    expect(importSettings({ mode: '0644', mtime: '-1', 'mtime-nsecs': '5' }).metadata).toEqual({
      mode: 0o644,
      mtime: { seconds: -1n, nanoseconds: 5 },
    })
  })
})

test.each([
  ['644', 0o644],
  ['0644', 0o644],
  ['0o7777', 0o7777],
  ['0', 0],
])('permissions %s', (text, mode) => expect(parseMode(text)).toBe(mode))

test('what is no mode, time or fraction is refused', () => {
  for (const text of ['', '8', '10000', '-1', 'rwx']) expect(() => parseMode(text)).toThrow(refusedWith('INVALID'))
  for (const text of ['', '1.5', '9223372036854775808', 'now'])
    expect(() => parseSeconds(text)).toThrow(refusedWith('INVALID'))
  expect(parseSeconds('-9223372036854775808')).toBe(-(2n ** 63n))
  for (const text of ['', '-1', '1000000000']) expect(() => parseNanoseconds(text)).toThrow(refusedWith('INVALID'))
})

// The options of `cairn add` that decide a CID, and what follows from them.
import {
  CairnError,
  checkFanout,
  CHUNKER_FORMS,
  HASH_NAMES,
  hashByName,
  DIGEST_BYTES_MAX,
  parseBytes,
  parseChunker,
  PROFILES,
  type ImportSettings,
  type Metadata,
  type ProfileName,
} from '@cairn/core'
import type { OptionSpecs, OptionValues } from './option-spec.ts'
import { parseMode, parseNanoseconds, parseSeconds } from '../metadata.ts'

export const SETTING_OPTIONS = {
  profile: {
    type: 'text',
    value: 'NAME',
    choices: Object.keys(PROFILES),
    help: 'settings that decide the CID; unixfs-v1-2025 by default',
  },
  'cid-version': { type: 'count', value: 'N', choices: ['0', '1'], help: 'CID version of files and directories' },
  'raw-leaves': {
    type: 'flag',
    help: 'store file content as raw blocks; on by default with CID version 1',
  },
  chunker: {
    type: 'text',
    short: 's',
    value: 'FORM',
    check: parseChunker,
    help: `how files are cut: ${CHUNKER_FORMS}, in bytes`,
  },
  hash: {
    type: 'text',
    value: 'NAME',
    choices: HASH_NAMES,
    help: 'hash function; any but sha2-256 needs CID version 1',
  },
  trickle: { type: 'flag', short: 't', help: 'lay files out for reading as a stream' },
  'max-file-links': { type: 'count', value: 'N', help: 'links of a file node at most' },
  'max-directory-links': {
    type: 'count',
    value: 'N',
    help: 'shard directories of more entries than this; 0, the default, is no limit',
  },
  'max-hamt-fanout': {
    type: 'count',
    value: 'N',
    help: 'buckets of a shard: a power of two from 8 to 1024; 256 by default',
  },
  'hamt-threshold': {
    type: 'text',
    value: 'BYTES',
    check: thresholdOf,
    help: 'shard directories above this size; 0 never, 1 always; 256KiB by default',
  },
  'hamt-estimation': {
    type: 'text',
    value: 'HOW',
    choices: ['links', 'block'],
    help: 'how that size is estimated: by names and CIDs, or by the whole block',
  },
  inline: { type: 'flag', help: 'put small blocks into their CIDs' },
  'inline-limit': {
    type: 'count',
    value: 'BYTES',
    help: 'largest block that --inline takes, up to 128; 32 by default',
  },
  'empty-dirs': { type: 'flag', help: 'include empty folders; on by default' },
  mode: {
    type: 'text',
    value: 'OCTAL',
    check: parseMode,
    help: 'store these permissions with everything, such as 0644; 0 is as if not given',
  },
  mtime: {
    type: 'text',
    value: 'SECONDS',
    check: parseSeconds,
    help: 'store this time with everything, in seconds since 1970; 0 is as if not given',
  },
  'mtime-nsecs': {
    type: 'text',
    value: 'N',
    check: parseNanoseconds,
    help: 'nanoseconds after --mtime',
  },
  'preserve-mode': { type: 'flag', help: 'store the permissions of files and folders' },
  'preserve-mtime': { type: 'flag', help: 'store when files and folders were changed' },
} as const satisfies OptionSpecs

type Options = OptionValues<typeof SETTING_OPTIONS>

/** Bytes of the largest block that is put into its CID when nothing else is said. Source: Kubo, `inline-limit`. */
const INLINE_BYTES = 32

/**
 * The profile with what single options change in it. What follows from the CID version does so unless it is given.
 *
 * @throws INVALID for options that contradict each other or are out of range, LIMIT for what no CID or shard can hold
 */
export function importSettings(options: Options): ImportSettings {
  const profile = PROFILES[(options.profile ?? 'unixfs-v1-2025') as ProfileName]
  const hash = options.hash === undefined ? profile.hash : hashByName(options.hash).name
  const cidVersion = cidVersionOf(options, hash === 'sha2-256' ? profile.cidVersion : 1)
  if (cidVersion === 0 && hash !== 'sha2-256') {
    throw new CairnError('INVALID', `Cannot add with ${hash} and CID version 0, which has sha2-256 only`)
  }
  const shardFanout = options['max-hamt-fanout'] ?? profile.shardFanout
  checkFanout(shardFanout)
  return {
    hash,
    cidVersion,
    rawLeaves: options['raw-leaves'] ?? hasRawLeaves(options, { profile, cidVersion }),
    chunker: options.chunker ?? profile.chunker,
    layout: options.trickle === true ? 'trickle' : profile.layout,
    linksPerNode: options['max-file-links'] ?? profile.linksPerNode,
    inlineBytesMax: inlineLimit(options),
    directoryBytesMax:
      options['hamt-threshold'] === undefined ? profile.directoryBytesMax : thresholdOf(options['hamt-threshold']),
    directoryEstimate:
      options['hamt-estimation'] === undefined
        ? profile.directoryEstimate
        : options['hamt-estimation'] === 'links'
          ? 'links'
          : 'block',
    directoryLinksMax: options['max-directory-links'] ?? profile.directoryLinksMax,
    shardFanout,
    metadata: metadataForAll(options),
    skipEmptyDirectories: options['empty-dirs'] === false,
  }
}

function cidVersionOf(options: Options, byDefault: 0 | 1): 0 | 1 {
  return options['cid-version'] === undefined ? byDefault : options['cid-version'] === 0 ? 0 : 1
}

/**
 * Raw leaves come with CID version 1. As in Kubo, those that nobody asked for go when modes or times are stored; where
 * the profile asks for them Kubo refuses such an add, and here only files of one chunk become dag-pb.
 */
function hasRawLeaves(
  options: Options,
  { profile, cidVersion }: { readonly profile: ImportSettings; readonly cidVersion: 0 | 1 },
): boolean {
  const { mode, mtime } = metadataForAll(options)
  const stores = options['preserve-mode'] === true || options['preserve-mtime'] === true
  return cidVersion === 1 && (profile.rawLeaves || !(stores || mode !== undefined || mtime !== undefined))
}

function inlineLimit({ inline, 'inline-limit': limit }: Options): number | undefined {
  if (inline === undefined && limit !== undefined) {
    throw new CairnError('INVALID', 'Cannot use --inline-limit without --inline')
  }
  if (limit !== undefined && limit > DIGEST_BYTES_MAX) {
    throw new CairnError('LIMIT', `Cannot put blocks of ${limit} bytes into CIDs: at most ${DIGEST_BYTES_MAX} fit`)
  }
  return inline === true ? (limit ?? INLINE_BYTES) : undefined
}

/** What is stored with everything that has no metadata of its own. As in Kubo, 0 counts as not given. */
function metadataForAll({ mode, mtime, 'mtime-nsecs': nanoseconds }: Options): Metadata {
  const bits = mode === undefined ? 0 : parseMode(mode)
  const seconds = mtime === undefined ? 0n : parseSeconds(mtime)
  if (nanoseconds !== undefined && seconds === 0n) {
    throw new CairnError('INVALID', 'Cannot use --mtime-nsecs without --mtime')
  }
  return {
    mode: bits === 0 ? undefined : bits,
    mtime:
      seconds === 0n
        ? undefined
        : { seconds, nanoseconds: nanoseconds === undefined ? 0 : parseNanoseconds(nanoseconds) },
  }
}

function thresholdOf(text: string): number {
  const bytes = parseBytes(text)
  if (bytes === undefined) throw new CairnError('INVALID', `Cannot use "${text}" as a size: write 262144 or 256KiB`)
  return bytes
}

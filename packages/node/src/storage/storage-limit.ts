// How much a repo may take, from the section `Datastore` of its config: names and notation are Kubo's. Unlike Kubo's,
// `StorageMax` is kept: what does not fit is refused. Therefore there is none unless it is set: a new repo takes what its
// disk has, and a limit that nobody chose would only make an add fail that could have worked.
import { CairnError, DURATION_MS_MAX, parseBytes, parseDuration } from '@cairn/core'

/** The settings as they stand in the config. */
export interface DatastoreConfig {
  /** Bytes that blocks and index may take on disk, such as `10GB`; empty or missing for no limit. */
  readonly StorageMax?: string
  /** Percent of `StorageMax` above which the repo is collected by itself. */
  readonly StorageGCWatermark?: number
  /** How often a running node looks whether it is above, such as `1h`; `0s` for never. */
  readonly GCPeriod?: string
}

/** The limit of a repo. */
export interface StorageLimit {
  readonly bytesMax: number
  /** Bytes above which it is collected, and bytes down to which. */
  readonly watermarkBytes: number
  readonly targetBytes: number
  /** Milliseconds between two looks, 0 for none. */
  readonly periodMs: number
}

/** Percent of the limit; as in Kubo. */
const WATERMARK_PERCENT = 90
/** Percent of the limit by which a collection goes below the watermark, so that the next one is not due at once. */
const TARGET_PERCENT_BELOW = 10
const PERIOD = '1h'

/** The limit that `config` sets, `undefined` when it sets none. @throws INVALID for a value that cannot be read */
export function storageLimitOf({
  StorageMax,
  StorageGCWatermark,
  GCPeriod,
}: DatastoreConfig): StorageLimit | undefined {
  const percent = StorageGCWatermark ?? WATERMARK_PERCENT
  if (!(percent >= 0 && percent <= 100)) throw invalid('StorageGCWatermark must be a percentage', percent)
  const periodMs = parseDuration(GCPeriod ?? PERIOD)
  if (periodMs === undefined || periodMs > DURATION_MS_MAX)
    throw invalid('GCPeriod must be a duration of at most 24 days, such as "1h"', GCPeriod)
  if (StorageMax === undefined || StorageMax === '') return undefined
  const bytesMax = parseBytes(StorageMax)
  if (bytesMax === undefined || bytesMax === 0) throw invalid('StorageMax must be a size such as "10GB"', StorageMax)
  const watermarkBytes = Math.floor((bytesMax * percent) / 100)
  const targetBytes = Math.floor((bytesMax * Math.max(percent - TARGET_PERCENT_BELOW, 0)) / 100)
  return { bytesMax, watermarkBytes, targetBytes, periodMs }
}

/** The section of a config file, which may be missing. @throws INVALID */
export function parseDatastore(section: unknown): DatastoreConfig {
  if (section === undefined) return {}
  if (typeof section !== 'object' || section === null || Array.isArray(section))
    throw new CairnError('INVALID', 'Cannot read the config: Datastore must be a section')
  const { StorageMax, StorageGCWatermark, GCPeriod }: { [Name in keyof DatastoreConfig]?: unknown } = section
  const datastore = {
    ...(StorageMax === undefined ? {} : { StorageMax: textOf('StorageMax', StorageMax) }),
    ...(StorageGCWatermark === undefined ? {} : { StorageGCWatermark: numberOf(StorageGCWatermark) }),
    ...(GCPeriod === undefined ? {} : { GCPeriod: textOf('GCPeriod', GCPeriod) }),
  }
  storageLimitOf(datastore)
  return datastore
}

function textOf(name: string, value: unknown): string {
  if (typeof value !== 'string') throw invalid(`${name} must be a text`, value)
  return value
}

function numberOf(value: unknown): number {
  if (typeof value !== 'number') throw invalid('StorageGCWatermark must be a number', value)
  return value
}

function invalid(reason: string, value: unknown): CairnError {
  return new CairnError('INVALID', `Cannot read the config: Datastore.${reason}, it is ${JSON.stringify(value)}`)
}

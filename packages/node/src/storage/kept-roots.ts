// All that a collection must keep, whoever wants it kept.
import { recordedRoot, type KeptRoot, type KeyValueStore, type Pins } from '@cairn/core'

/** The pins of all namespaces, the root of the mutable files, and the pins of a Helia that mounts this repo. */
export async function* listKept(pins: Pins, records: KeyValueStore): AsyncGenerator<KeptRoot> {
  yield* pins.listAll()
  const root = await recordedRoot(records)
  if (root !== undefined) yield { cid: root, type: 'recursive', isPartial: true }
  const { heliaPins } = await import('@cairn/stores')
  yield* heliaPins(records)
}

// Messages of many wants that cost their sender next to nothing: one is encoded, and then only the digests change.
import { RAW_CODE } from '@cairn/core'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { encodeMessage } from '../../src/message.ts'
import { want } from '../peer.ts'

const MARK = 0xab
const DIGEST_BYTES = 32
let salt = 0

interface Template {
  readonly bytes: Uint8Array
  readonly first: number
  readonly stride: number
}

/** Of all floods: to encode them anew for each would keep the attackers busy for half a minute. */
const templates = new Map<string, Template>()

/** A source of messages of `entries` wants each, none of which was asked for before. */
export class Flood {
  readonly entries: number
  readonly #salt = salt++
  #next = 0

  constructor(entries: number) {
    this.entries = entries
  }

  /** A message of new wants; with `cancel`, one that takes back those of the message before. */
  next({ cancel = false, full = false } = {}): Uint8Array {
    const key = `${this.entries} ${cancel} ${full}`
    const template = templates.get(key) ?? this.#encode(cancel, full)
    templates.set(key, template)
    const bytes = template.bytes.slice()
    const view = new DataView(bytes.buffer)
    if (cancel) this.#next -= this.entries
    for (let index = 0; index < this.entries; index++) {
      const at = template.first + index * template.stride
      view.setUint32(at, this.#next++)
      view.setUint32(at + 4, this.#salt)
      view.setUint32(at + 8, process.pid)
    }
    return bytes
  }

  #encode(cancel: boolean, full: boolean): Template {
    const cid = CID.createV1(RAW_CODE, createDigest(0x12, new Uint8Array(DIGEST_BYTES).fill(MARK)))
    const list = Array.from({ length: this.entries }, () => want(cid, { cancel }))
    const bytes = encodeMessage({ wants: list, full })
    const first = bytes.indexOf(MARK)
    const second = bytes.indexOf(MARK, first + DIGEST_BYTES)
    return { bytes, first, stride: second - first }
  }
}

// Reading files that do not change, by many readers who mostly go from front to back: for each of those one stream of
// blocks, read ahead, from which pieces are served in whatever order a kernel asks for them.
import { abortable, readFile, Turns, type AbortOptions, type BlockReader, type TreeEntry } from '@cairn/core'
import { STREAM_BEHIND_BYTES, STREAM_SKIP_BYTES, STREAMS_MAX } from '../limits.ts'

type CID = TreeEntry['cid']

/** A piece of a file: `length` bytes from `offset`. */
export interface Piece {
  readonly offset: number
  readonly length: number
}

/** One stream of blocks. */
class FileStream {
  readonly #abort = new AbortController()
  readonly #turns = new Turns()
  readonly #source: AsyncIterator<Uint8Array, void, void>
  /** What was read last, side by side. */
  #parts: Uint8Array[] = []
  #start: number
  #end: number
  #isDone = false
  #users = 0
  #isClosing = false

  constructor(reader: BlockReader, cid: CID, offset: number) {
    this.#start = this.#end = offset
    this.#source = readFile(reader, cid, { offset, signal: this.#abort.signal })[Symbol.asyncIterator]()
  }

  /** Whether the piece lies where it can be had without starting anew. */
  isNear({ offset }: Piece): boolean {
    return offset >= this.#start && offset <= this.#end + STREAM_SKIP_BYTES
  }

  async read({ offset, length }: Piece): Promise<Uint8Array | undefined> {
    return this.#turns.run(async () => {
      while (!this.#isDone && this.#end < offset + length) {
        const next = await this.#source.next()
        if (next.done === true) this.#isDone = true
        else this.#keep(next.value, offset)
      }
      return offset < this.#start ? undefined : this.#slice(offset, Math.min(this.#end, offset + length))
    })
  }

  /** Runs `use`, before whose end the stream does not end. */
  async whileRead<T>(use: () => Promise<T>): Promise<T> {
    this.#users++
    try {
      return await use()
    } finally {
      this.#users--
      if (this.#isClosing) this.close()
    }
  }

  /** Ends the stream as soon as nobody waits for any of it: one that ended before would look like the end of the file. */
  close(): void {
    this.#isClosing = true
    if (this.#users > 0) return
    this.#abort.abort()
    void this.#source.return?.().catch(() => undefined)
  }

  #keep(bytes: Uint8Array, wanted: number): void {
    this.#parts.push(bytes)
    this.#end += bytes.length
    for (let first = this.#parts[0]; first !== undefined; first = this.#parts[0]) {
      const next = this.#start + first.length
      if (next > wanted || next > this.#end - STREAM_BEHIND_BYTES) return
      this.#parts.shift()
      this.#start = next
    }
  }

  #slice(offset: number, end: number): Uint8Array {
    if (end <= offset) return new Uint8Array(0)
    let at = this.#start
    const found: Uint8Array[] = []
    for (const part of this.#parts) {
      const [from, to] = [Math.max(offset - at, 0), Math.min(end - at, part.length)]
      if (from < to) found.push(part.subarray(from, to))
      at += part.length
    }
    return found.length === 1 && found[0] !== undefined ? found[0] : Buffer.concat(found)
  }
}

/** The streams of all files; see the head of this file. */
export class FileReaders {
  /** In the order of their last use. */
  readonly #streams = new Map<string, FileStream>()
  /** Where the last read of each file ended that has no stream: who goes on there reads from front to back. */
  readonly #ends = new Map<string, number>()

  /** The bytes of a piece, fewer where the file ends. `key` is whose place in the file it is. @throws as `readFile` */
  async read(
    { key, reader, cid }: { readonly key: string; readonly reader: BlockReader; readonly cid: CID },
    piece: Piece,
    { signal }: AbortOptions = {},
  ): Promise<Uint8Array> {
    const id = `${key}/${cid}`
    const stream = this.#streamFor(id, piece, () => new FileStream(reader, cid, piece.offset))
    if (stream !== undefined) {
      try {
        const bytes = await stream.whileRead(() => abortable(stream.read(piece), signal))
        if (bytes?.length === piece.length) return bytes
      } catch (error) {
        if (signal?.aborted !== true) this.#drop(id, stream)
        throw error
      }
    }
    const parts: Uint8Array[] = []
    for await (const part of readFile(reader, cid, { ...piece, signal })) parts.push(part)
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts)
  }

  /** Ends the streams of one place, or all. */
  close(key?: string): void {
    const isMeant = (id: string): boolean => key === undefined || id.startsWith(`${key}/`)
    for (const [id, stream] of this.#streams) if (isMeant(id)) this.#drop(id, stream)
    for (const id of this.#ends.keys()) if (isMeant(id)) this.#ends.delete(id)
  }

  #streamFor(id: string, piece: Piece, open: () => FileStream): FileStream | undefined {
    const present = this.#streams.get(id)
    if (present?.isNear(piece) === true) {
      this.#streams.delete(id)
      this.#streams.set(id, present)
      return present
    }
    const goesOn = piece.offset === 0 || this.#ends.get(id) === piece.offset
    this.#ends.delete(id)
    this.#ends.set(id, piece.offset + piece.length)
    for (const oldest of this.#ends.keys()) if (this.#ends.size > 4 * STREAMS_MAX) this.#ends.delete(oldest)
    if (!goesOn) return undefined
    if (present !== undefined) this.#drop(id, present)
    const stream = open()
    this.#streams.set(id, stream)
    for (const [oldest, old] of this.#streams) if (this.#streams.size > STREAMS_MAX) this.#drop(oldest, old)
    return stream
  }

  #drop(id: string, stream: FileStream): void {
    if (this.#streams.get(id) === stream) this.#streams.delete(id)
    stream.close()
  }
}

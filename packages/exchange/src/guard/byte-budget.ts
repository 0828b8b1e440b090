// Bounds the bytes that several readers hold at a time.

/** Bytes that several readers share. A claim waits until it fits, in the order of asking, and is given back after use. */
export class ByteBudget {
  #free: number
  readonly #waiting: { readonly bytes: number; readonly grant: () => void }[] = []

  constructor(bytes: number) {
    this.#free = bytes
  }

  /** Resolves once `bytes`, at most the whole budget, are the caller's. */
  async claim(bytes: number): Promise<void> {
    if (this.#waiting.length === 0 && bytes <= this.#free) this.#free -= bytes
    else await new Promise<void>((grant) => this.#waiting.push({ bytes, grant }))
  }

  giveBack(bytes: number): void {
    this.#free += bytes
    for (let next = this.#waiting[0]; next !== undefined && next.bytes <= this.#free; next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#free -= next.bytes
      next.grant()
    }
  }
}

// A map that forgets what was set longest ago.

/** Keeps the last `sizeMax` keys that were set. */
export class BoundedMap<Value> {
  readonly #sizeMax: number
  readonly #values = new Map<string, Value>()
  /** Stands behind what was forgotten: to look from the start each time passes over all that was. */
  readonly #oldest = this.#values.keys()

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
  }

  get(key: string): Value | undefined {
    return this.#values.get(key)
  }

  /** Sets `key`, as the newest one. */
  set(key: string, value: Value): void {
    this.#values.delete(key)
    this.#values.set(key, value)
    if (this.#values.size <= this.#sizeMax) return
    const oldest = this.#oldest.next()
    if (oldest.done !== true) this.#values.delete(oldest.value)
  }

  /** Whether `key` was there. */
  delete(key: string): boolean {
    return this.#values.delete(key)
  }
}

// A list in which entries are put and removed anywhere at the cost of one step, however long it is.

/** One place of a {@link Chain}. */
export interface Place<Entry> {
  /** May be replaced. */
  entry: Entry
  readonly before: Place<Entry> | undefined
  readonly after: Place<Entry> | undefined
}

/** The same, for the chain alone to change. */
interface Link<Entry> {
  entry: Entry
  before: Link<Entry> | undefined
  after: Link<Entry> | undefined
}

/** Entries one after the other. A place belongs to the chain that made it, until it is removed. */
export class Chain<Entry> {
  #first: Link<Entry> | undefined

  get first(): Place<Entry> | undefined {
    return this.#first
  }

  /** Puts `entry` before everything else. */
  putFirst(entry: Entry): Place<Entry> {
    return this.#join(undefined, { entry, before: undefined, after: this.#first })
  }

  /** Puts `entry` behind `place`. */
  putAfter(place: Place<Entry>, entry: Entry): Place<Entry> {
    return this.#join(place, { entry, before: place, after: place.after })
  }

  /** Puts `entry` in front of `place`. */
  putBefore(place: Place<Entry>, entry: Entry): Place<Entry> {
    return this.#join(place.before, { entry, before: place.before, after: place })
  }

  remove(place: Place<Entry>): void {
    const { before, after }: Link<Entry> = place
    if (before === undefined) this.#first = after
    else before.after = after
    if (after !== undefined) after.before = before
  }

  *[Symbol.iterator](): Generator<Entry> {
    for (let place = this.#first; place !== undefined; place = place.after) yield place.entry
  }

  #join(before: Link<Entry> | undefined, link: Link<Entry>): Link<Entry> {
    if (before === undefined) this.#first = link
    else before.after = link
    if (link.after !== undefined) link.after.before = link
    return link
  }
}

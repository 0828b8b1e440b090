// What a query of interface-datastore picks from a listing whose prefix matches already: filters, then orders, then offset
// and limit. Several orders are applied one after another, so the last one decides first, as in datastore-core.

/** The parts of a query that do not depend on the store. */
export interface Selection<T> {
  readonly filters?: ((item: T) => boolean)[]
  readonly orders?: ((a: T, b: T) => -1 | 0 | 1)[]
  readonly limit?: number
  readonly offset?: number
}

/** The items that `selection` picks. Only ordering needs all of them in memory. */
export async function* select<T>(
  source: AsyncIterable<T>,
  { filters = [], orders = [], limit = Infinity, offset = 0 }: Selection<T>,
): AsyncGenerator<T, void, undefined> {
  if (limit <= 0) return
  const end = offset + limit
  let position = 0
  for await (const item of ordered(filtered(source, filters), orders)) {
    if (position++ >= offset) yield item
    if (position >= end) return
  }
}

async function* filtered<T>(
  source: AsyncIterable<T>,
  filters: readonly ((item: T) => boolean)[],
): AsyncGenerator<T, void, undefined> {
  for await (const item of source) if (filters.every((accepts) => accepts(item))) yield item
}

async function* ordered<T>(
  source: AsyncIterable<T>,
  orders: readonly ((a: T, b: T) => -1 | 0 | 1)[],
): AsyncGenerator<T, void, undefined> {
  if (orders.length === 0) {
    yield* source
    return
  }
  let items = await Array.fromAsync(source)
  for (const order of orders) items = items.toSorted(order)
  yield* items
}

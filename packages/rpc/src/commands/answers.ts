// How the events of a command become the results of Kubo's RPC, where these are not the events themselves.

/** Answers with the last event, the only one of most commands; `undefined` for none. */
export async function lastEvent<Event>(events: AsyncIterable<Event>): Promise<Event | undefined> {
  let last: Event | undefined
  for await (const event of events) last = event
  return last
}

/** Answers with nothing, once the command is done. */
export async function nothing(events: AsyncIterable<unknown>): Promise<undefined> {
  for await (const _ of events);
}

/** Answers with one object whose `key` holds what all events have there; without events it is empty. */
export function joined<Key extends string>(key: Key) {
  return async (events: AsyncIterable<{ readonly [name in Key]: readonly unknown[] | null }>) => {
    const values: unknown[] = []
    for await (const event of events) values.push(...(event[key] ?? []))
    return { [key]: values }
  }
}

/** Answers with the events that `isResult` picks. */
export async function* only<Event>(
  events: AsyncIterable<Event>,
  isResult: (event: Event) => boolean,
): AsyncGenerator<Event> {
  for await (const event of events) if (isResult(event)) yield event
}

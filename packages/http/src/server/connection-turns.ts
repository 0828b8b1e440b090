// Calls of one connection run one after the other: clients that send a call before they have the answer to the one before
// it count on that, and nobody gets more of the node's work at once by it.
import type { Socket } from 'node:net'
import { PIPELINED_MAX } from '../limits.ts'

interface Line {
  readonly last: Promise<void>
  readonly waiting: number
}

/** The calls of all connections, in the order in which they came. */
export class ConnectionTurns {
  readonly #lines = new WeakMap<Socket, Line>()

  /** Runs `call`, which does not reject, after those that came on `socket` before it. */
  run(socket: Socket, call: () => Promise<void>): Promise<void> {
    const { last, waiting } = this.#lines.get(socket) ?? { last: Promise.resolve(), waiting: 0 }
    if (waiting >= PIPELINED_MAX) {
      socket.destroy()
      return Promise.resolve()
    }
    const done = last.then(async () => {
      if (!socket.destroyed) await call()
      const { last: lastNow, waiting: waitingNow } = this.#lines.get(socket) ?? { last, waiting: 1 }
      this.#lines.set(socket, { last: lastNow, waiting: waitingNow - 1 })
    })
    this.#lines.set(socket, { last: done, waiting: waiting + 1 })
    return done
  }
}

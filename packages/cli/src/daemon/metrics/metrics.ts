// All numbers of a daemon, as one text for whoever scrapes it.
import { formatMetrics, gauge, nodeMetrics, type Node, type RepoInfo } from '@cairn/node'
import type { CallLog, EndedCall } from '@cairn/rpc'
import { readVersion } from '../../version.ts'
import { HttpMetrics } from './http-metrics.ts'
import { ProcessMetrics } from './process-metrics.ts'

/** Counts what a daemon does, and tells it. */
export class Metrics implements Disposable {
  readonly #http = new HttpMetrics()
  readonly #process = new ProcessMetrics()
  #reading: Promise<string> | undefined

  addCall(call: EndedCall): void {
    this.#http.add(call)
  }

  /** The text of all metrics. Who asks while another is being answered gets the same one, so that many cost no more than one. */
  read(node: Node, repo: Pick<RepoInfo, 'path' | 'config'>, calls: CallLog): Promise<string> {
    this.#reading ??= this.#read(node, repo, calls).finally(() => (this.#reading = undefined))
    return this.#reading
  }

  async #read(node: Node, repo: Pick<RepoInfo, 'path' | 'config'>, calls: CallLog): Promise<string> {
    const [ofNode, ofProcess] = await Promise.all([nodeMetrics(node, repo), this.#process.read()])
    const labels = { version: readVersion(), runtime: `node ${process.version}` }
    const info = gauge('cairn_info', 'The program, in its labels.', [{ labels, value: 1 }])
    return formatMetrics([info, ...ofNode, ...this.#http.read(calls.inFlight), ...ofProcess])
  }

  [Symbol.dispose](): void {
    this.#process[Symbol.dispose]()
  }
}

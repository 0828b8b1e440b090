// A node as it looks to work that may not fetch.
import type { Node } from '@cairn/node'

/**
 * `node` without its peers: what is missing is missing. All else is the node's own, so what is stored here is stored there.
 * Mutable files are the one exception: there is one tree of them, which reads its blocks where the node does.
 */
export function offlineView(node: Node): Node {
  return new Proxy(node, {
    get(target, name) {
      if (name === 'blocks') return target.local
      if (name === 'swarm') return undefined
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

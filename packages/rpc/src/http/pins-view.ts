// A node as it looks to calls whose pins are their own.
import type { Node } from '@cairn/node'

/** `node` with the pins of `namespace` in place of those of the owner of its repo; all else is the node's own. */
export function pinsView(node: Node, namespace: string): Node {
  if (namespace === '') return node
  const pins = node.pins.in(namespace)
  const own: Partial<Node> = {
    pins,
    add: (source, options) => node.add(source, { ...options, pins }),
    importCars: (files, options) => node.importCars(files, options, pins),
  }
  return new Proxy(node, {
    get(target, name) {
      if (Object.hasOwn(own, name)) return Reflect.get(own, name) as unknown
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

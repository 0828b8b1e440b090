// A directory of small files that differ, made while it is read.
import type { NamedSource } from '@cairn/core'

/** A directory of `count` files. */
export function manyFiles(count: number): NamedSource {
  async function* entries(): AsyncGenerator<NamedSource> {
    for (let number = 0; number < count; number++) {
      const content = async function* () {
        yield contentOf(number)
      }
      yield { name: nameOf(number), source: { kind: 'file', content } }
    }
  }
  return { name: 'many', source: { kind: 'directory', entries } }
}

/** Name of a file in it. */
export function nameOf(number: number): string {
  return `file-${number}.txt`
}

/** Content of a file in it. */
export function contentOf(number: number): Uint8Array {
  return Buffer.from(`content ${number}`)
}

// Text keys as bytes: UTF-8, so that their order is that of their code points.

/** UTF-8 of `key`. @throws TypeError for text with half a surrogate pair: two such keys would become one */
export function encodeText(key: string): Uint8Array {
  if (!key.isWellFormed()) throw new TypeError(`${JSON.stringify(key)} is not well-formed Unicode`)
  return new TextEncoder().encode(key)
}

/** The text of a key made by {@link encodeText}. */
export function decodeText(key: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(key)
}

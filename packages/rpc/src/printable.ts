// Names that strangers chose, in lines for people.

/**
 * `name` with what could end a line or steer a terminal as `\u001b` or the like. A backslash becomes two, so that different
 * names stay different.
 */
export function printable(name: string): string {
  return name.replaceAll(/[\\\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}]/gu, (character) =>
    character === '\\' ? '\\\\' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

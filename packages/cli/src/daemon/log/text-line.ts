// A line of the log as people read it: time, level, part, message, and then what belongs to it.

/** The text of a line of JSON, with its line feed. */
export function textLine(line: string): string {
  const { ts, level, logger, msg, ...facts } = JSON.parse(line) as Readonly<Record<string, unknown>>
  const told = Object.entries(facts).map(([name, value]) => `${name}=${valueText(value)}`)
  const head = [
    String(ts).slice(11, 23),
    String(level).toUpperCase().padEnd(5),
    String(logger).padEnd(10),
    plain(String(msg)),
  ]
  return `${[...head, ...told].join(' ')}\n`
}

function valueText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /^[\w./:@%+,-]+$/.test(text) ? text : plain(JSON.stringify(text))
}

/** Without what could steer a terminal. */
function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')
}

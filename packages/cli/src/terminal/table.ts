// Rows in columns, for a terminal. Columns are as wide as the first rows need, and grow with what comes later.
import type { WriteStream } from 'node:tty'
import { stripVTControlCharacters, styleText } from 'node:util'
import type { TableRow } from '@cairn/rpc'

type Tone = NonNullable<TableRow[number]['tone']>

/** Rows that wait until the columns are as wide as all of them need. */
const FIRST_ROWS = 100

/** A wider field does not make its column wider. */
const COLUMN_CHARS_MAX = 100

/** Left out where the terminal has no colours or `NO_COLOR` is set. */
const STYLES: Readonly<Record<Tone, Parameters<typeof styleText>[0]>> = {
  folder: ['bold', 'blue'],
  good: 'green',
  note: 'yellow',
  bad: ['bold', 'red'],
  quiet: 'dim',
}

/** Makes lines of rows. */
export class Table {
  readonly #stream: Pick<WriteStream, 'write'>
  readonly #widths: number[] = []
  #first: TableRow[] | undefined = []

  /** @param stream where the lines go, which decides whether they have colours */
  constructor(stream: Pick<WriteStream, 'write'>) {
    this.#stream = stream
  }

  /** Takes rows. Gives the lines that can be shown now, which may be none; `undefined` where there were no rows. */
  add(rows: readonly TableRow[]): string | undefined {
    if (rows.length === 0) return undefined
    for (const row of rows) this.#widen(row)
    if (this.#first === undefined) return this.#lines(rows)
    this.#first.push(...rows)
    return this.#first.length < FIRST_ROWS ? '' : this.end()
  }

  /** The lines that wait. */
  end(): string {
    const first = this.#first ?? []
    this.#first = undefined
    return this.#lines(first)
  }

  #widen(row: TableRow): void {
    for (const [column, { text }] of row.entries())
      this.#widths[column] = Math.max(this.#widths[column] ?? 0, Math.min(text.length, COLUMN_CHARS_MAX))
  }

  #lines(rows: readonly TableRow[]): string {
    return rows.map((row) => `${this.#line(row)}\n`).join('')
  }

  #line(row: TableRow): string {
    const fields = row.map(({ text: raw, isNumber = false, tone }, column) => {
      const text = stripVTControlCharacters(raw)
      const width = this.#widths[column] ?? 0
      const isLast = column === row.length - 1
      const padded = isNumber ? text.padStart(width) : isLast ? text : text.padEnd(width)
      return tone === undefined ? padded : styleText(STYLES[tone], padded, { stream: this.#stream as WriteStream })
    })
    return fields.join('  ').trimEnd()
  }
}

// What the demo shows: the top of the DAG as a tree, and a table of figures.

/** Draws the output of `cairn ls`: lines of CID, size and name. */
export function drawDirectory(listing: string): void {
  const lines = listing.trimEnd().split('\n')
  for (const [index, line] of lines.entries()) {
    const [cid = '', size = '', ...name] = line.split(' ')
    const branch = index === lines.length - 1 ? '└─' : '├─'
    console.log(
      `  ${branch} ${name.join(' ').padEnd(16)} ${(size === '-' ? '' : size).padStart(10)}  ${cid.slice(0, 8)}…${cid.slice(-6)}`,
    )
  }
}

/** Draws rows of name and figure. */
export function drawTable(rows: readonly (readonly [name: string, figure: string])[]): void {
  const nameWidth = Math.max(...rows.map(([name]) => name.length))
  const figureWidth = Math.max(...rows.map(([, figure]) => figure.length))
  const rule = (left: string, middle: string, right: string) =>
    `${left}${'─'.repeat(nameWidth + 2)}${middle}${'─'.repeat(figureWidth + 2)}${right}`
  console.log(`\n${rule('┌', '┬', '┐')}`)
  for (const [name, figure] of rows) console.log(`│ ${name.padEnd(nameWidth)} │ ${figure.padStart(figureWidth)} │`)
  console.log(rule('└', '┴', '┘'))
}

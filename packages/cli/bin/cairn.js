#!/usr/bin/env -S node --max-semi-space-size=8 --initial-heap-size=96
// Starts the command line. A larger young generation buys no speed here and costs 100 MB of resident memory: 449 MB
// against 332 for the get of 50,000 files. The limit of the heap counts buffers too: without a floor, each 16 MiB of them set off
// a collection of everything, half of the work of a fetch. Plain JavaScript that old versions of Node can read, so that they
// get a clear message.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`Error: Cairn needs Node.js 22.18 or newer, this is ${process.versions.node}\n`)
  process.exitCode = 1
} else {
  const { enableCompileCache } = await import('node:module')
  enableCompileCache()
  const { main } = await import('../dist/main.js')
  const exitCode = await main(process.argv.slice(2))
  // After a signal, output that nobody reads must not keep the process; else all of it goes out first.
  const outputs = exitCode > 128 ? [] : [process.stdout, process.stderr]
  await Promise.all(outputs.map((output) => new Promise((resolve) => void output.write('', () => resolve(undefined)))))
  // All is closed by now. What is left is a timer of libp2p that nobody can end: it would keep a daemon for a second.
  process.exit(exitCode)
}

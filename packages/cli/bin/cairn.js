#!/usr/bin/env node
// Starts the command line. Plain JavaScript that old versions of Node can read, so that they get a clear message.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`Error: Cairn needs Node.js 22.18 or newer, this is ${process.versions.node}\n`)
  process.exitCode = 1
} else {
  const { enableCompileCache } = await import('node:module')
  enableCompileCache()
  const { main } = await import('../dist/main.js')
  process.exitCode = await main(process.argv.slice(2))
}

// `npm run bench:helia`, or `npm run bench:helia -- MIB FILES ROUNDS`: Cairn beside Helia, as ratios; with `--json` each
// comparison as a line of JSON, for other programs.
import { addLargeFile, addSmallFiles, type Comparison } from './against-helia.ts'

const words = process.argv.slice(2)
const isJson = words.includes('--json')
const [sizeMib = 1024, files = 10_000, rounds = 3] = words.filter((word) => word !== '--json').map(Number)

say(`Medians of ${rounds} rounds after one that is not counted; the ratio with its lowest and highest.\n`)
if (sizeMib > 0) {
  say(`a file of ${sizeMib} MiB, chunks of 1 MiB`)
  ;(await addLargeFile(sizeMib, rounds)).forEach(print)
}
if (files > 0) {
  say(`${files} files of 1 KiB in 100 folders`)
  ;(await addSmallFiles(files, rounds)).forEach(print)
}

function say(text: string): void {
  if (!isJson) console.log(text)
}

function print(comparison: Comparison): void {
  const { name, reference, rate, referenceRate, unit, ratio, ratioMin, ratioMax } = comparison
  const spread = `${ratioMin.toFixed(2)} to ${ratioMax.toFixed(2)}`
  const [own, other] = [`${rate.toFixed(0)} ${unit}`, `${referenceRate.toFixed(0)} ${unit}`]
  say(
    `  ${name.padEnd(24)} ${own.padStart(14)}   ${reference.padEnd(24)} ${other.padStart(14)}   ${ratio.toFixed(2)} (${spread})`,
  )
  if (isJson) console.log(JSON.stringify(comparison))
}

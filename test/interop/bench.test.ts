// The short form of `npm run bench:helia`: all contenders run, and make the same DAG.
import { expect, it } from 'vitest'
import { addLargeFile, addSmallFiles } from './against-helia.ts'

it('compares adds of the same content', async () => {
  const rows = [...(await addLargeFile(3, 1)), ...(await addSmallFiles(150, 1))]
  expect(rows).toHaveLength(4)
  for (const { ratio } of rows) expect(ratio).toBeGreaterThan(0)
})

// The exchange over real links in short: what breaks and comes back, who meets whom, and that the links of the room are what
// they are said to be. The goals are in bench.ts.
import { describe, expect, test } from 'vitest'
import { cutLink, discover, FILE_BYTES, loseProvider, privateNetwork } from './faults.ts'
import { whyNoRoom } from './links.ts'
import { besideSocket, fromProviders } from './transfers.ts'

const MIB = 1024 * 1024
const whyNot = await whyNoRoom()
const title = whyNot === undefined ? 'over links' : `over links (skipped: ${whyNot})`

describe.skipIf(whyNot !== undefined)(title, () => {
  test('a bare socket takes the time that its bytes take', async () => {
    const { rawMs, bytes } = await besideSocket(MIB, 4000, {})
    expect(bytes).toBe(MIB)
    expect(rawMs).toBeGreaterThan(MIB / 4000)
  })

  test('two providers do not each send everything', async () => {
    const { bytes, received } = await fromProviders([8000, 8000], 8 * MIB, { delayMs: 5 })
    expect(bytes).toBe(8 * MIB)
    expect(received).toBeLessThan(1.5 * 8 * MIB)
  })

  test('a download goes on after its link was dead', async () => {
    expect((await cutLink(1500)).bytes).toBe(FILE_BYTES)
  })

  test('a download goes on with who is left', async () => {
    expect((await loseProvider()).bytes).toBe(FILE_BYTES)
  })

  test('nodes that announce themselves meet without being told where', async () => {
    expect((await discover()).bytes).toBe(MIB)
  })

  test('a private network is for those who have its key', async () => {
    const { inside, isOutsideIn } = await privateNetwork()
    expect(inside.bytes).toBe(MIB)
    expect(isOutsideIn).toBe(false)
  })
})

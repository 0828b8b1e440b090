// cairn pin verify: is everything here that recursive pins keep, and is it what it says?
import { CairnError, formatCid, formatCount, verifyPins, type Pin, type VerifyEvent } from '@cairn/core'
import { eventCommand } from '../command.ts'
import { BAD_BLOCKS_PER_EVENT } from '../limits.ts'

interface BadNode {
  readonly Cid: string
  readonly Err: string
}

/** Fields are Kubo's. A pin with very many bad blocks comes in several events. */
export interface PinVerifyEvent {
  readonly Cid: string
  readonly Ok: boolean
  readonly BadNodes?: readonly BadNode[]
}

export interface ProgressEvent {
  readonly Progress: number
  readonly Bytes: number
}

export const pinVerify = eventCommand({
  path: ['pin', 'verify'],
  summary: 'Read all that recursive pins keep; fail when a block is missing or damaged',
  examples: ['cairn pin verify', 'cairn pin verify --verbose   also pins that are whole'],
  options: {
    verbose: { type: 'flag', excludes: ['quiet'], help: 'print pins that are whole as well' },
    quiet: { type: 'flag', short: 'q', help: 'print only the CIDs of pins that are not whole' },
  },
  tellsLostPins: true,
  async *run({ options, node, signal }): AsyncGenerator<PinVerifyEvent | ProgressEvent> {
    const { verbose = false, quiet = false } = options
    if (verbose && quiet)
      throw new CairnError('INVALID', 'Cannot verify pins: --verbose and --quiet contradict each other')
    const opened = await node()
    const { local, pins } = opened
    let checked = 0
    let broken = 0
    let bad: BadNode[] = []
    let about: Pin | undefined
    for await (const event of verifyPins({ pins, local }, { signal })) {
      if (event.kind === 'progress') {
        yield { Progress: event.blocks, Bytes: event.bytes }
        continue
      }
      // A pin that is removed meanwhile does not come to its end.
      if (event.pin !== about) bad = []
      about = event.pin
      if (event.kind === 'bad') {
        bad.push(badNode(event))
        if (bad.length < BAD_BLOCKS_PER_EVENT) continue
      } else {
        checked++
        if (!event.isWhole) broken++
      }
      const Cid = formatCid(event.pin.cid)
      if (bad.length > 0) yield { Cid, Ok: false, BadNodes: bad }
      else if (event.kind === 'pin' && event.isWhole && verbose) yield { Cid, Ok: true }
      bad = []
    }
    const problem = `Cannot rely on all pins: ${broken} of ${formatCount(checked, 'pin')} not whole`
    await opened.requirePins(broken > 0 ? problem : 'Cannot rely on all pins')
    if (broken > 0) throw new CairnError('CORRUPT', problem)
  },
  answer: withoutFalse,
  text(event, { quiet = false }) {
    if ('Progress' in event) return undefined
    if (quiet) return event.Cid
    const bad = event.BadNodes ?? []
    return [`${event.Cid} ${event.Ok ? 'ok' : 'broken'}`, ...bad.map(({ Cid, Err }) => `  ${Cid}: ${Err}`)].join('\n')
  },
  progress: (event) =>
    'Progress' in event ? { name: 'verify', blocks: event.Progress, bytes: event.Bytes } : undefined,
})

/** Kubo leaves out `Ok` where it is not. */
async function* withoutFalse(events: AsyncIterable<PinVerifyEvent | ProgressEvent>): AsyncGenerator {
  for await (const event of events) {
    if (!('Ok' in event) || event.Ok) yield event
    else yield { Cid: event.Cid, BadNodes: event.BadNodes }
  }
}

function badNode({ cid, error }: Extract<VerifyEvent, { kind: 'bad' }>): BadNode {
  // The CID stands before it.
  return { Cid: formatCid(cid), Err: `${error.code}: ${error.message.replace(`block ${cid}`, 'it')}` }
}

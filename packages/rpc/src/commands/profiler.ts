// What a process does with its time and its memory, sampled for a while by V8 itself, in the forms that Chrome's tools open.
import { setTimeout as sleep } from 'node:timers/promises'
import { CairnError } from '@cairn/core'

/** Microseconds between two samples of the processor: 2 % of its time at most. */
const CPU_SAMPLE_US = 1000

/** Bytes of memory between two samples of what takes some. Source: V8's default. */
const HEAP_SAMPLE_BYTES = 32_768

/** What is sampled, and for how long. */
export interface ProfileSettings {
  readonly kinds: readonly ('cpu' | 'heap')[]
  readonly ms: number
}

/** Profiles as JSON: `cpu` for a file `.cpuprofile`, `heap` for one `.heapprofile`. */
export type Profiles = Readonly<Partial<Record<'cpu' | 'heap', string>>>

/** Takes profiles of this process, one at a time. */
export class Profiler {
  #isRunning = false

  /** @throws CONFLICT while one is taken, else the reason of `signal` */
  async take({ kinds, ms }: ProfileSettings, signal: AbortSignal): Promise<Profiles> {
    if (this.#isRunning) throw new CairnError('CONFLICT', 'Cannot take a profile: another one is being taken')
    this.#isRunning = true
    const { Session } = await import('node:inspector/promises')
    const session = new Session()
    try {
      session.connect()
      if (kinds.includes('cpu')) {
        await session.post('Profiler.enable')
        await session.post('Profiler.setSamplingInterval', { interval: CPU_SAMPLE_US })
        await session.post('Profiler.start')
      }
      if (kinds.includes('heap'))
        await session.post('HeapProfiler.startSampling', { samplingInterval: HEAP_SAMPLE_BYTES })
      await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted())
      const cpu = kinds.includes('cpu') ? (await session.post('Profiler.stop')).profile : undefined
      const heap = kinds.includes('heap') ? (await session.post('HeapProfiler.stopSampling')).profile : undefined
      return { ...(cpu && { cpu: JSON.stringify(cpu) }), ...(heap && { heap: JSON.stringify(heap) }) }
    } finally {
      // Ends what it has begun.
      session.disconnect()
      this.#isRunning = false
    }
  }
}

import { setImmediate as tick } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { GroupQueue } from '../src/group-queue.ts'

it('writes together what came while the group before was written, in the order of asking', async () => {
  const groups: number[][] = []
  const queue = new GroupQueue<number>(async (group) => {
    groups.push([...group])
    await tick()
  })
  const first = queue.add([1, 2])
  await tick()
  await Promise.all([queue.add([3]), queue.add([4, 5]), first])
  expect(groups).toEqual([
    [1, 2],
    [3, 4, 5],
  ])
})

it('goes on after a group that failed, and tells only those in it', async () => {
  const queue = new GroupQueue<number>(async ([item]) => {
    if (item === 1) throw new RangeError('one')
  })
  await expect(Promise.all([queue.add([1]), queue.add([2])])).rejects.toThrow(RangeError)
  await expect(queue.add([3])).resolves.toBeUndefined()
})

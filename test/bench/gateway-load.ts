// Many connections that ask for one small thing again and again. Arguments: URL, connections, requests. Prints requests a
// second, and the milliseconds in which 99 of 100 were answered.
import { connect } from 'node:net'

const [, , url = '', connections = '64', requests = '10000'] = process.argv
const { hostname, port, pathname } = new URL(url)
const ASK = `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`
let left = Number(requests)
const times: number[] = []

function run(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) })
    let wanted = -1
    let startedMs = 0
    const ask = (): void => {
      if (left-- <= 0) {
        socket.destroy()
        resolve()
        return
      }
      wanted = -1
      startedMs = performance.now()
      socket.write(ASK)
    }
    socket.once('connect', ask).once('error', reject)
    socket.on('data', (piece: Buffer) => {
      let body = piece.length
      if (wanted < 0) {
        const head = piece.indexOf('\r\n\r\n')
        const length = /content-length: (\d+)/i.exec(piece.toString('latin1', 0, head))?.[1]
        if (head < 0 || length === undefined || !piece.includes('HTTP/1.1 200')) return reject(new Error('no answer'))
        wanted = Number(length)
        body -= head + 4
      }
      wanted -= body
      if (wanted > 0) return
      times.push(performance.now() - startedMs)
      ask()
    })
  })
}

const startedMs = performance.now()
await Promise.all(Array.from({ length: Number(connections) }, run))
const seconds = (performance.now() - startedMs) / 1000
const p99 = times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0
console.log(`${(times.length / seconds).toFixed(1)} ${p99.toFixed(1)}`)

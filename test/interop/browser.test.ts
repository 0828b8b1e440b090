// A browser on the gateway of a daemon: a listing, a small website on a host of its own, and a video that is sought in.
// Needs Chromium, and for the video ffmpeg. CAIRN_SCREENSHOTS=FOLDER keeps pictures of what it saw.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDaemon, type KuboDaemon } from './kubo-daemon.ts'

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
)
if (CHROMIUM === undefined) console.warn('Chromium is not installed: the tests in a browser are skipped')
const hasFfmpeg = existsSync('/usr/bin/ffmpeg')
if (!hasFfmpeg) console.warn('ffmpeg is not installed: the test of a video is skipped')

/** Seconds of the video; at this rate its file is larger than what a player loads before it is asked to. */
const VIDEO_SECONDS = 120

describe.skipIf(CHROMIUM === undefined)('Chromium', () => {
  let [daemon, folder]: [KuboDaemon | undefined, string] = [undefined, '']
  /** One, once there is one. */
  const browsers: Browser[] = []
  beforeAll(async () => {
    daemon = await startDaemon()
    folder = await mkdtemp(join(tmpdir(), 'cairn-interop-'))
    // Names below localhost are this machine by themselves; nothing else is looked up.
    const args = [
      '--no-sandbox',
      '--disable-gpu',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE *localhost',
    ]
    browsers.push(await chromium.launch({ executablePath: CHROMIUM ?? '', args }))
  })
  afterAll(async () => {
    for (const browser of browsers) await browser.close()
    await daemon?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  async function add(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
    let root = ''
    const entries = Object.entries(files).map(([path, content]) => ({ path: `root/${path}`, content }))
    for await (const { cid } of daemon?.client.addAll(entries, { cidVersion: 1 }) ?? []) root = String(cid)
    return root
  }

  async function openPage(): Promise<Page> {
    const [browser] = browsers
    if (browser === undefined) throw new Error('there is no browser')
    const page = await browser.newPage({ viewport: { width: 900, height: 600 } })
    page.on('dialog', () => {
      throw new Error('a script of a name ran')
    })
    return page
  }

  async function shoot(page: Page, name: string): Promise<void> {
    const pictures = process.env['CAIRN_SCREENSHOTS']
    if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}.png`) })
  }

  it('lists a directory, whatever its names are, and goes through it without scripts', async () => {
    const hostile = '<img src=x onerror=alert(1)>'
    const root = await add({
      'a b/ü.txt': 'stones',
      [hostile]: 'x',
      '100%?#.txt': 'percent',
      'notes.txt': 'n'.repeat(5000),
    })
    const page = await openPage()
    await page.goto(`${daemon?.gateway}/ipfs/${root}/`)
    const text = await page.locator('body').innerText()
    expect(text).toContain(hostile)
    expect(text).toContain('notes.txt')
    expect(await page.locator('img[src=x], script').count()).toBe(0)
    await shoot(page, 'listing')
    await page.getByText('100%?#.txt', { exact: true }).click()
    expect(await page.locator('body').innerText()).toBe('percent')
    await page.goBack()
    await page.getByText('a b', { exact: true }).click()
    await page.getByText('ü.txt', { exact: true }).click()
    expect(await page.locator('body').innerText()).toBe('stones')
    await page.close()
  })

  it('runs a website on a host of its own, which has nothing of another', async () => {
    const site = (name: string): Record<string, string> => ({
      'index.html': `<!doctype html><title>${name}</title><link rel="stylesheet" href="/style.css"><h1>${name}</h1><p id="out"></p><script type="module" src="/app.js"></script>`,
      'style.css': 'h1 { color: rgb(1, 2, 3) }',
      'app.js': `localStorage.setItem('name', localStorage.getItem('name') ?? '${name}'); document.querySelector('#out').textContent = localStorage.getItem('name') + ' ' + (await (await fetch('data.json')).json()).stones`,
      'data.json': '{"stones":7}',
    })
    const [one, other] = [await add(site('one')), await add(site('other'))]
    const page = await openPage()
    const local = daemon?.gateway.replace('127.0.0.1', 'localhost') ?? ''
    for (const [root, name] of [
      [one, 'one'],
      [other, 'other'],
    ] as const) {
      await page.goto(`${local}/ipfs/${root}/`)
      expect(new URL(page.url()).hostname).toBe(`${root}.ipfs.localhost`)
      await page.locator('#out', { hasText: `${name} 7` }).waitFor({ timeout: 10_000 })
      expect(await page.evaluate("getComputedStyle(document.querySelector('h1')).color")).toBe('rgb(1, 2, 3)')
      await shoot(page, `site-${name}`)
    }
    await page.close()
  })

  it.skipIf(!hasFfmpeg)('seeks in a video without loading all that is before', { timeout: 120_000 }, async () => {
    const file = join(folder, 'video.webm')
    const source = `testsrc2=size=320x240:rate=15:duration=${VIDEO_SECONDS}`
    const codec = [
      '-c:v',
      'libvpx',
      '-deadline',
      'realtime',
      '-cpu-used',
      '8',
      '-b:v',
      '2M',
      '-minrate',
      '2M',
      '-g',
      '30',
    ]
    await promisify(execFile)('ffmpeg', [
      '-v',
      'error',
      '-f',
      'lavfi',
      '-i',
      source,
      ...codec,
      '-cues_to_front',
      '1',
      file,
    ])
    const video = await readFile(file)
    const root = await add({ 'video.webm': video, 'index.html': '<video src="video.webm" muted controls></video>' })
    const page = await openPage()
    const answers: (readonly [status: number, range: string | undefined])[] = []
    page.on('response', (response) => {
      if (new URL(response.url()).pathname.endsWith('.webm'))
        answers.push([response.status(), response.headers()['content-range']])
    })
    await page.goto(`${daemon?.gateway}/ipfs/${root}/`)
    const [time, duration, ready] = await page.evaluate<readonly [number, number, number]>(`(async () => {
      const player = document.querySelector('video')
      const until = (event) => new Promise((resolve, reject) => {
        player.addEventListener(event, resolve, { once: true })
        player.addEventListener('error', () => reject(new Error(player.error.message)), { once: true })
      })
      if (player.readyState === 0) await until('loadedmetadata')
      player.currentTime = ${VIDEO_SECONDS * 0.75}
      await until('seeked')
      return [player.currentTime, player.duration, player.readyState]
    })()`)
    expect(time).toBeCloseTo(VIDEO_SECONDS * 0.75, 0)
    expect(duration).toBeCloseTo(VIDEO_SECONDS, 0)
    expect(ready).toBeGreaterThanOrEqual(2)
    await shoot(page, 'video')
    const starts = answers.map(([, range]) => Number(/^bytes (\d+)-/.exec(range ?? '')?.[1] ?? 0))
    expect(answers.every(([status]) => status === 206)).toBe(true)
    expect(Math.max(...starts)).toBeGreaterThan(video.length / 2)
    await page.close()
  })
})

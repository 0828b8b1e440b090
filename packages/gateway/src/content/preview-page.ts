// The page that shows a value of IPLD: its text with links that can be followed.
import { formatBytes, IpldFloat, type IpldValue } from '@cairn/core'
import { CID } from 'multiformats/cid'
import type { ContentCall } from './call.ts'
import { escapeHtml, renderPage } from './page.ts'

/** A value to show. */
export interface Preview {
  readonly cid: CID
  readonly format: string
  readonly bytes: number
  /** Absent when there is too much of it. */
  readonly value: IpldValue | undefined
}

/** Levels that are indented; what lies deeper stands in one line. */
const INDENTED_LEVELS = 64

/** The HTML of a preview. */
export function previewPage(call: ContentCall, { cid, format, bytes, value }: Preview): string {
  const links = ['raw', 'car', format].map((name) => `<a href="?format=${name}" download>${name}</a>`).join(' · ')
  const text =
    value === undefined ? '<p>It is too large to show.</p>' : `<pre tabindex="0">${render(call, value, 0)}</pre>`
  return renderPage({
    title: `${format} ${cid}`,
    body: `<header>
<h1>${escapeHtml(call.shownPath)}</h1>
<p>${escapeHtml(format)}, ${formatBytes(bytes)}, CID <code class="ipfs-hash" translate="no">${cid}</code></p>
<nav aria-label="Downloads"><p>Download as ${links}</p></nav>
</header>
<main>
${text}
</main>`,
  })
}

function render(call: ContentCall, value: IpldValue, depth: number): string {
  if (value instanceof CID) return `<a href="${escapeHtml(`${call.gatewayUrl}/ipfs/${value}`)}">${value}</a>`
  if (value instanceof Uint8Array) return `bytes(${escapeHtml(Buffer.from(value).toString('base64'))})`
  if (value instanceof IpldFloat) return String(value.value)
  if (value instanceof Map) {
    const rows = Array.from(
      value as ReadonlyMap<string, IpldValue>,
      ([key, item]) => `${quoted(key)}: ${render(call, item, depth + 1)}`,
    )
    return bracketed('{}', rows, depth)
  }
  if (Array.isArray(value)) {
    const rows = (value as readonly IpldValue[]).map((item) => render(call, item, depth + 1))
    return bracketed('[]', rows, depth)
  }
  return typeof value === 'string' ? quoted(value) : `${value as null | boolean | number | bigint}`
}

function bracketed(brackets: '{}' | '[]', rows: readonly string[], depth: number): string {
  if (rows.length === 0) return brackets
  const [open, close] = [brackets.charAt(0), brackets.charAt(1)]
  if (depth >= INDENTED_LEVELS) return `${open} ${rows.join(', ')} ${close}`
  const indent = '  '.repeat(depth)
  return `${open}\n${rows.map((row) => `${indent}  ${row}`).join(',\n')}\n${indent}${close}`
}

function quoted(text: string): string {
  return escapeHtml(JSON.stringify(text))
}

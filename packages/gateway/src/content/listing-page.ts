// The page that lists a directory.
import { formatBytes, type DirectoryEntry } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { LISTING_PAGE_ENTRIES } from '../limits.ts'
import { encodeName } from '../request/target.ts'
import type { ContentCall } from './call.ts'
import { escapeHtml, renderPage } from './page.ts'

/** What stands on one page of a listing. */
export interface Listing {
  readonly cid: CID
  readonly entries: readonly DirectoryEntry[]
  /** Number of the page, from 0. */
  readonly page: number
  readonly hasMore: boolean
}

/** The HTML of a listing. */
export function listingPage(call: ContentCall, { cid, entries, page, hasMore }: Listing): string {
  const { names, rootUrl, shownPath } = call
  const here = [rootUrl, ...names.map(encodeName)].join('/')
  // As Kubo has it, which tools look for: no way above the root.
  const up = names.length === 0 ? '' : `<tr><td colspan="3"><a href="${escapeHtml(here)}/..">..</a></td></tr>\n`
  const rows = entries.map((entry) => rowOf(call, here, entry)).join('\n')
  const first = page * LISTING_PAGE_ENTRIES
  const count = entries.length === 0 ? 'Empty' : `${first + 1} to ${first + entries.length}${hasMore ? ' of more' : ''}`
  return renderPage({
    title: `Index of ${shownPath}`,
    body: `<header>
<h1>Index of ${breadcrumbs(call)}</h1>
<p>CID <code class="ipfs-hash" translate="no">${cid}</code></p>
</header>
<main>
<table>
<caption>Entries: ${count}</caption>
<thead><tr><th scope="col">Name</th><th scope="col">CID</th><th scope="col" class="size">Size</th></tr></thead>
<tbody>
${up}${rows}
</tbody>
</table>
${pageLinks(page, hasMore)}</main>`,
  })
}

function rowOf({ gatewayUrl }: ContentCall, here: string, { name, cid, tsize }: DirectoryEntry): string {
  const href = escapeHtml(`${here}/${encodeName(name)}`)
  // Encoded twice, as Kubo has it, which tools look for.
  const named = `${gatewayUrl}/ipfs/${cid}?filename=${encodeURIComponent(encodeName(name))}`
  const size = tsize === 0 ? '–' : formatBytes(tsize)
  const text = String(cid)
  const short = `${text.slice(0, 8)}…${text.slice(-4)}`
  return `<tr><td><a href="${href}">${escapeHtml(name)}</a></td><td><a class="ipfs-hash" translate="no" href="${escapeHtml(named)}">${short}</a></td><td class="size">${size}</td></tr>`
}

function breadcrumbs({ names, rootUrl, gatewayUrl, shownPath }: ContentCall): string {
  const [, namespace = 'ipfs', root = ''] = shownPath.split('/')
  const rootHref = rootUrl === '' ? `${gatewayUrl}/${namespace}/${encodeName(root)}` : rootUrl
  const links = [`<a href="${escapeHtml(rootHref)}">${escapeHtml(root)}</a>`]
  let href = rootHref
  for (const name of names) {
    href += `/${encodeName(name)}`
    links.push(`<a href="${escapeHtml(href)}">${escapeHtml(name)}</a>`)
  }
  return `/${namespace}/${links.join('/')}`
}

function pageLinks(page: number, hasMore: boolean): string {
  const links = [
    ...(page > 0 ? [`<a rel="prev" href="?page=${page - 1}">Previous page</a>`] : []),
    ...(hasMore ? [`<a rel="next" href="?page=${page + 1}">Next page</a>`] : []),
  ]
  return links.length === 0 ? '' : `<nav aria-label="Pages"><p>${links.join(' · ')}</p></nav>\n`
}

// Pages for people: HTML that holds no script, loads nothing, and says so to the browser.

/** What a page is made of. `body` is HTML already. */
export interface Page {
  readonly title: string
  readonly body: string
}

/** Headers of every page that is made here: whatever stands in it, nothing of it runs. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
}

const STYLE = `
:root{color-scheme:light dark;--line:#8884;--soft:#667}
@media(prefers-color-scheme:dark){:root{--soft:#99a}}
body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:0 auto;padding:1rem}
h1{font-size:1.25rem;font-weight:600;overflow-wrap:anywhere}
p,nav{color:var(--soft)}
table{border-collapse:collapse;width:100%}
caption{text-align:left;padding:.5rem 0;color:var(--soft)}
th{text-align:left;font-weight:600}
th,td{padding:.4rem .5rem;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
.size{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.ipfs-hash{font-family:ui-monospace,monospace;font-size:.8rem}
a:focus-visible{outline:2px solid;outline-offset:2px}
pre{overflow:auto;padding:1rem;border:1px solid var(--line);border-radius:.5rem;font:14px/1.45 ui-monospace,monospace}
`

/** The HTML of a page. */
export function renderPage({ title, body }: Page): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
${body}
</body>
</html>
`
}

/** Text for HTML, also inside of quoted attributes. Characters that reorder text are shown by their number. */
export function escapeHtml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
    .replaceAll(
      /[\p{Cc}\p{Bidi_Control}]/gu,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
}

// Loaded into a child with `--import`: writes the URL of every module that is loaded, one a line, to $MODULES_FILE.
import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const file = process.env['MODULES_FILE'] ?? '/dev/null'

registerHooks({
  load(url, context, nextLoad) {
    appendFileSync(file, `${url}\n`)
    return nextLoad(url, context)
  },
})

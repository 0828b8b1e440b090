// What a secret that is only for reading may call: what changes neither the repo nor the node. What is fetched to be read is
// stored all the same.
import type { HttpCall } from './http-call.ts'

/** By path. What does not stand here may not be called, so that a new command has to be thought about. */
const READING: ReadonlySet<string> = new Set(
  `cat get ls refs refs/local resolve pin/ls pin/verify block/get block/stat dag/get dag/resolve dag/stat
   dag/export files/ls files/stat files/read repo/stat repo/version swarm/peers swarm/addrs swarm/addrs/local
   swarm/addrs/listen swarm/peering/ls swarm/filters bootstrap/list ping bitswap/stat bitswap/wantlist
   bitswap/ledger stats/bw id version key/list key/verify config/show diag/sys diag/healthy diag/cmds log/ls
   log/tail cid/format cid/base32 cid/inspect cid/bases cid/codecs cid/hashes multibase/encode multibase/decode
   multibase/transcode multibase/list commands commands/openapi`.split(/\s+/),
)

/** Whether `call` only reads. */
export function isReading({ command, args }: HttpCall): boolean {
  const path = command.path.join('/')
  // With a value it sets one.
  return READING.has(path) || (path === 'config' && args.length < 2)
}

// The command table: everything that a node can be told to do.
import type { Command, TypesOf } from './command.ts'
import { CommandClient, type ClientOptions } from './client/typed-client.ts'
import { add } from './commands/add.ts'
import { bootstrapAdd, bootstrapList, bootstrapRm, bootstrapRmAll } from './commands/bootstrap.ts'
import { blockGet, blockPut, blockRm, blockStat } from './commands/block.ts'
import { cidBase32, cidCodecs, cidFormat, cidHashes, cidInspect } from './commands/cid.ts'
import { listOf, openApiFor } from './commands/commands.ts'
import { config, configProfileApply, configReplace, configShow } from './commands/config.ts'
import { cat, get } from './commands/content.ts'
import { dagExport } from './commands/dag-export.ts'
import { dagImport } from './commands/dag-import.ts'
import { dagGet, dagPut, dagResolve } from './commands/dag-node.ts'
import { dagStat } from './commands/dag-stat.ts'
import { diagHealthy, diagSys } from './commands/diag.ts'
import { diagCmds, diagCmdsClear, diagCmdsSetTime } from './commands/diag-cmds.ts'
import { diagProfile } from './commands/diag-profile.ts'
import { doctor } from './commands/doctor/doctor.ts'
import { logLevel, logLs, logTail } from './commands/log.ts'
import {
  filesChcid,
  filesChmod,
  filesCp,
  filesFlush,
  filesMkdir,
  filesMv,
  filesRm,
  filesTouch,
  filesWrite,
} from './commands/files-change.ts'
import { filesLs, filesRead, filesStat } from './commands/files-look.ts'
import { cidBases, multibaseDecode, multibaseEncode, multibaseList, multibaseTranscode } from './commands/multibase.ts'
import { keyExport, keyGen, keyImport, keyList, keyRename, keyRm, keySign, keyVerify } from './commands/key.ts'
import { tokenAddFor, tokenLs, tokenRm } from './commands/token.ts'
import { pinLs } from './commands/pin-ls.ts'
import { pinVerify } from './commands/pin-verify.ts'
import { ls } from './commands/ls.ts'
import { pinAdd, pinRm, pinUpdate } from './commands/pin.ts'
import { refs, refsLocal } from './commands/refs.ts'
import { repoCompact, repoRebuildIndex, repoVerify } from './commands/repo-repair.ts'
import { repoGc, repoStat, repoVersion } from './commands/repo.ts'
import { resolve } from './commands/resolve.ts'
import { shutdown } from './commands/shutdown.ts'
import { version } from './commands/version.ts'
import { statsBw } from './commands/bandwidth.ts'
import { bitswapLedger, bitswapStat, bitswapWantlist } from './commands/bitswap.ts'
import { swarmPeeringAdd, swarmPeeringLs, swarmPeeringRm } from './commands/peering.ts'
import { ping } from './commands/ping.ts'
import { swarmFilters, swarmFiltersAdd, swarmFiltersRm } from './commands/swarm-filters.ts'
import { id } from './commands/id.ts'
import {
  swarmAddrs,
  swarmAddrsListen,
  swarmAddrsLocal,
  swarmConnect,
  swarmDisconnect,
  swarmPeers,
} from './commands/swarm.ts'

export type {
  ArgumentSpec,
  BytesCommand,
  Command,
  CommandInput,
  EventCommand,
  Progress,
  TableRow,
  TreeCommand,
} from './command.ts'
export type {
  CountSpec,
  FlagSpec,
  OptionSpec,
  OptionSpecs,
  OptionValues,
  TextSpec,
  TextsSpec,
} from './commands/option-spec.ts'

export { contradictionIn } from './commands/option-spec.ts'
export { TraceLog, type TraceLine } from './commands/trace-log.ts'
export { UNBUILT } from './commands/unbuilt.ts'
export { remoteCommand } from './client/remote-command.ts'
export { sourceFile, sourceFolder } from './client/sources.ts'
export { RpcClient } from './client/rpc-client.ts'
export type { CallEntry, LogControl, Operation } from './commands/operation.ts'
export { Profiler } from './commands/profiler.ts'
export { CallLog, type EndedCall } from './http/call-log.ts'
export { SLOW_CALL_MS } from './http/limits.ts'
export { openRpcServer, type RpcServerParts } from './http/rpc-server.ts'
export { newProofText } from './http/proof.ts'
export type { AccessSettings } from './http/access.ts'
export { authorizationFor } from './http/access.ts'
export { authorizationHeader, digestOfSecret, newSecret, type Authorization } from './http/authorization.ts'

export { cidForm, type CidForm, type CidFormOptions } from './commands/cid-form.ts'
export { fileOf, gzipOf, tarOf } from './tree-archive.ts'

/** The rows of the table, with their types, which are part of what this package declares: so commands export what they yield. */
const TABLE = [
  add,
  cat,
  get,
  ls,
  pinAdd,
  pinRm,
  pinLs,
  pinUpdate,
  pinVerify,
  refs,
  refsLocal,
  resolve,
  blockGet,
  blockPut,
  blockStat,
  blockRm,
  dagPut,
  dagGet,
  dagResolve,
  dagStat,
  dagImport,
  dagExport,
  filesLs,
  filesStat,
  filesRead,
  filesWrite,
  filesCp,
  filesMv,
  filesRm,
  filesMkdir,
  filesFlush,
  filesChmod,
  filesTouch,
  filesChcid,
  repoStat,
  repoGc,
  repoVerify,
  repoRebuildIndex,
  repoCompact,
  repoVersion,
  swarmConnect,
  swarmDisconnect,
  swarmPeers,
  swarmAddrs,
  swarmAddrsLocal,
  swarmAddrsListen,
  swarmPeeringAdd,
  swarmPeeringLs,
  swarmPeeringRm,
  swarmFilters,
  swarmFiltersAdd,
  swarmFiltersRm,
  bootstrapList,
  bootstrapAdd,
  bootstrapRm,
  bootstrapRmAll,
  ping,
  bitswapStat,
  bitswapWantlist,
  bitswapLedger,
  statsBw,
  id,
  version,
  shutdown,
  keyGen,
  keyList,
  keyRename,
  keyRm,
  keyImport,
  keyExport,
  keySign,
  keyVerify,
  tokenAddFor(() => COMMANDS),
  tokenLs,
  tokenRm,
  config,
  configShow,
  configReplace,
  configProfileApply,
  diagSys,
  doctor,
  diagHealthy,
  diagCmds,
  diagCmdsClear,
  diagCmdsSetTime,
  diagProfile,
  logLevel,
  logLs,
  logTail,
  cidFormat,
  cidBase32,
  cidInspect,
  cidBases,
  cidCodecs,
  cidHashes,
  multibaseEncode,
  multibaseDecode,
  multibaseTranscode,
  multibaseList,
  listOf(() => COMMANDS),
  openApiFor(() => COMMANDS),
] as const

/** All commands, in the order of the help. */
export const COMMANDS: readonly Command[] = TABLE

/** A node in another process, and what it can be told to do: all commands but those that never leave the machine of the repo. */
export type CairnClient = CommandClient<TypesOf<Exclude<(typeof TABLE)[number], typeof keyExport>>>

/** The node whose RPC is at `address`, a multiaddr as in the file `api` of its repo. @throws INVALID for an address or a secret that is none */
export function openClient(address: string, options?: ClientOptions): CairnClient {
  return new CommandClient(
    COMMANDS.filter(({ isLocal }) => !isLocal),
    address,
    options,
  )
}

// What other packages may use of the node.
export type { Config } from './config/config.ts'
export type { Keystore, NamedKey } from './config/keystore.ts'
export type { RepoProfile } from './config/profiles.ts'
export { LOST_PINS, openNode, type AddOptions, type Node, type NodeEvent, type NodeOptions } from './node.ts'
export {
  DEFAULT_LOG_PLAN,
  LOG_LEVELS,
  LOG_SUBSYSTEMS,
  parseLogLevel,
  parseLogPlan,
  parseLogSubsystem,
  type LogLevel,
  type LogPlan,
} from './operation/log-levels.ts'
export { createRepo, openRepo, readRepo, type Repo, type RepoInfo } from './repo.ts'
export { counter, formatMetrics, gauge, type Metric, type Sample } from './operation/exposition.ts'
export { nodeMetrics } from './operation/node-metrics.ts'
export type { RepoSize } from './storage/repo-size.ts'
export type { OnlineOptions, Swarm } from './swarm.ts'
export type { VerifyEvent } from './verify.ts'
export type { RecoveryEvent } from '@cairn/blockstore'

// How long the campaigns are: short in `npm test`, long in `npm run test:slow`. A seed that failed is given by CAIRN_SEED.

const isLong = process.env['CAIRN_SLOW'] === '1'

export const ROUNDS = {
  /** Processes killed on one repo. */
  kills: Number(process.env['CAIRN_KILLS'] ?? (isLong ? 1000 : 50)),
  /** Processes killed while they change mutable files. */
  fileKills: Number(process.env['CAIRN_FILE_KILLS'] ?? (isLong ? 200 : 3)),
  /** Losses of power while one process works. */
  powerLosses: Number(process.env['CAIRN_POWER_LOSSES'] ?? (isLong ? 200 : 3)),
  /** Operations beside collections that never pause. */
  operations: Number(process.env['CAIRN_OPERATIONS'] ?? (isLong ? 100_000 : 2000)),
  /** Stores with one or two damaged files. */
  damages: Number(process.env['CAIRN_DAMAGES'] ?? (isLong ? 2500 : 60)),
  /** Of the ways to damage two tables, each one of so many; coprime to how many there are of each kind. */
  pairsStep: Number(process.env['CAIRN_PAIRS_STEP'] ?? (isLong ? 1 : 5)),
  /** Cold blocks with one flipped bit each. */
  flips: isLong ? [1, 10, 1000] : [1, 10, 100],
  /** Random actions on one repo beside a model of it. */
  actions: Number(process.env['CAIRN_ACTIONS'] ?? (isLong ? 100_000 : 400)),
  isLong,
  /** Nodes of the chains among hostile DAGs. */
  chainNodes: Number(process.env['CAIRN_CHAIN'] ?? (isLong ? 1_000_000 : 6000)),
  /** Executions of each decoder by the fuzzer. */
  fuzz: Number(process.env['CAIRN_FUZZ'] ?? (isLong ? 1_000_000 : 4000)),
  /** Whether each action is told as it begins. */
  isTold: process.env['CAIRN_TOLD'] === '1',
  seed: Number(process.env['CAIRN_SEED'] ?? (isLong ? Date.now() % 1_000_000_000 : 1)),
} as const

// Options of `init` and `daemon` that tools give which start Kubo. They are taken, and what has no meaning here changes nothing.
import { type Command as Program, InvalidArgumentError, Option } from 'commander'
import type { RepoProfile } from '@cairn/node'

/** How `init` was called. */
export interface InitOptions {
  readonly profile: readonly RepoProfile[]
}

/** How `daemon` was called. */
export interface DaemonOptions {
  readonly listen?: readonly string[]
  readonly offline?: boolean
  /** Follows the name and version of this program where peers and clients see these. */
  readonly agentVersionSuffix?: string
  readonly logFormat?: 'text' | 'json'
  /** Mounts what the config says, or what the two after it say. */
  readonly mount?: boolean
  readonly mountMfs?: string
  readonly mountIpfs?: string
  /** Makes a repo of `initProfile` where there is none. */
  readonly init?: boolean
  readonly initProfile?: readonly RepoProfile[]
}

/** As `RepoProfile` has them, which is not loaded for a help. */
const PROFILE_NAMES: Readonly<Record<RepoProfile, true>> = {
  lan: true,
  test: true,
  server: true,
  'local-discovery': true,
  lowpower: true,
  randomports: true,
}

/** Characters of a suffix at most. Source: kubo. */
const SUFFIX_LENGTH_MAX = 64

export function addInitOptions(init: Program): Program {
  return init
    .addOption(
      new Option(
        '-p, --profile <names>',
        'lan: peers on all interfaces; test: loopback only; more by "cairn config profile apply --help"',
      )
        .argParser(profilesOf)
        .default(['lan'], 'lan'),
    )
    .addOption(new Option('-a, --algorithm <name>').choices(['ed25519']).hideHelp())
    .addOption(new Option('-b, --bits <number>').hideHelp())
    .addOption(new Option('-e, --empty-repo').hideHelp())
}

export function addDaemonOptions(daemon: Program): Program {
  daemon
    .option('--listen <multiaddr...>', 'listen on these addresses instead of those in the config')
    .option('--offline', 'meet no peers, only serve the RPC')
    .option('--mount', 'mount the folders of Mounts.MFS and Mounts.IPFS of the config')
    .option('--mount-mfs <folder>', 'with --mount: the mutable files here instead')
    .option('--mount-ipfs <folder>', 'with --mount: content by CID here instead')
    .option('--init', 'make a repo where there is none')
    .addOption(new Option('--init-profile <names>', 'its profiles, as those of init').argParser(profilesOf))
    .addOption(new Option('--no-init').hideHelp())
    .addOption(new Option('--no-offline').hideHelp())
    .addOption(
      new Option('--agent-version-suffix <text>', 'what peers see behind name and version').argParser((text) =>
        text.replaceAll(/[^\x20-\x7e]/g, '').slice(0, SUFFIX_LENGTH_MAX),
      ),
    )
    .addOption(
      new Option('--log-format <form>', 'of what it tells on standard error; text on a terminal by default').choices([
        'text',
        'json',
      ]),
    )
    .addOption(new Option('--routing <type>').hideHelp())
  for (const name of ['migrate', 'enable-gc', 'enable-pubsub-experiment', 'enable-namesys-pubsub'])
    daemon.addOption(new Option(`--${name}`).hideHelp()).addOption(new Option(`--no-${name}`).hideHelp())
  return daemon
}

/** Flags of these commands that may be given as `--name=true`. */
export const START_FLAGS: readonly string[] = [
  'offline',
  'init',
  'mount',
  'migrate',
  'enable-gc',
  'enable-pubsub-experiment',
  'enable-namesys-pubsub',
]

/** One profile, or several with commas between them, which are applied in their order. */
function profilesOf(text: string): readonly RepoProfile[] {
  return text.split(',').map((name) => {
    if (isProfileName(name)) return name
    throw new InvalidArgumentError(`Allowed choices are ${Object.keys(PROFILE_NAMES).join(', ')}.`)
  })
}

function isProfileName(name: string): name is RepoProfile {
  return Object.hasOwn(PROFILE_NAMES, name)
}

// The options of `mount` and `umount`, and the form in which mount(8) calls a program for a file system.
import type { Command as Program } from 'commander'
import type { Session } from '../session.ts'

/** How `mount` was called. */
export interface MountOptions {
  readonly path: string
  readonly readOnly?: boolean
  readonly allowOther?: boolean
  readonly offline?: boolean
  readonly detach?: boolean
}

/** Adds both commands; `act` runs what they do. */
export function addMountCommands(
  program: Program,
  act: (self: Program, run: (session: Session) => Promise<void>) => Promise<void>,
): void {
  const commands = () => import('../daemon/mount-command.ts')
  program
    .command('mount')
    .description('Show files as a folder of this machine, until Ctrl-C or cairn umount')
    .argument('<folder>', 'an empty folder')
    .option('--path <path>', 'what it shows: /mfs or a folder below it, /ipfs/CID, or / for both', '/mfs')
    .option('--read-only', 'let nobody write')
    .option('--allow-other', 'let other users of this machine look into it')
    .option('--offline', 'fetch nothing from peers')
    .option('-d, --detach', 'return when it is mounted, and go on in the background')
    .addHelpText(
      'after',
      examples([
        'cairn mount ~/cairn',
        'cairn mount --read-only --path /ipfs/bafy… /mnt',
        'cairn mount -d /mnt && cairn umount /mnt',
      ]),
    )
    .action((folder: string, options: MountOptions, self: Program) =>
      act(self, async (session) => (await commands()).mount(session, folder, options)),
    )
  program
    .command('umount')
    .description('End a mount, once what was written is on the disk')
    .argument('<folder>', 'the folder that it is mounted at')
    .addHelpText('after', examples(['cairn umount ~/cairn']))
    .action((folder: string, _: unknown, self: Program) => act(self, async () => (await commands()).umount(folder)))
}

/**
 * `cairn REPO FOLDER -o OPTIONS`, as mount(8) and mount.fuse3 call a program, in our own words: so a line of fstab can
 * mount a repo. Options that mean nothing here are the kernel's own, or were done by whoever calls.
 */
export function fromMountHelper(argv: readonly string[]): readonly string[] {
  const [repo, folder, ...rest] = argv
  if (repo?.startsWith('/') !== true || folder?.startsWith('/') !== true) return argv
  const options = rest.flatMap((word, index) => (rest[index - 1] === '-o' ? word.split(',') : []))
  const path = options.find((option) => option.startsWith('path='))?.slice('path='.length)
  return [
    '--repo',
    repo,
    'mount',
    '--detach',
    folder,
    ...(options.includes('ro') ? ['--read-only'] : []),
    ...(options.includes('allow_other') ? ['--allow-other'] : []),
    ...(options.includes('offline') ? ['--offline'] : []),
    ...(path === undefined ? [] : ['--path', path]),
  ]
}

function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`
}

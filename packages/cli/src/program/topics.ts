// What `cairn help TOPIC` tells: what is true of many commands, and stands in the help of none.

/** The texts by their names, none of which is that of a command. */
export const TOPICS: Readonly<Record<string, string>> = {
  paths: `Paths name content. All commands take these alike:
  bafy…                              a CID
  bafy…/docs/readme.md               a name below it
  /ipfs/bafy…/docs                   the same, as Kubo prints it
  ipfs://bafy…/docs                  a link
  http://host/ipfs/bafy…/docs        the URL of a gateway, which is not asked
  http://bafy….ipfs.host/docs        a gateway that gives each root a host
  /ipld/bafy…/Links/0/Hash           fields of a value

"files" commands take paths from / on, which name what can be changed. Where no path is given and standard input is a pipe,
its lines are taken, one path each:  cairn refs -r bafy… | cairn pin add --recursive=false`,
  cids: `A CID is the hash of what it names, with how that is to be read: who has the CID can prove the content.
"cairn cid inspect CID" takes it apart; "cairn cid format" and --cid-base print it in other forms.

Which CID a file gets depends on how it is cut and joined. "cairn add" does that by the profile unixfs-v1-2025; with
--profile unixfs-v0-2015 the CIDs are those of Kubo's defaults (Qm…). "cairn add --help" lists what else decides it;
"cairn add --only-hash" tells the CID and stores nothing.`,
  pinning: `A pin keeps a root and all that is below it; "cairn repo gc" deletes what neither a pin nor a path from / ("cairn files ls")
leads to.
"cairn add" pins what it adds, unless --pin=false. "cairn pin add CID" fetches what is missing and keeps it, under a name
with --name. "cairn pin ls" lists what is kept, "cairn pin verify" looks whether all of it is here, "cairn pin rm" lets go.
What is below a pin is pinned indirectly, and is let go with it.`,
  scripting: `Data goes to standard output, everything else to standard error. Progress is shown on terminals alone.
  --json           values with the field names of Kubo's RPC, one a line
  --quiet, -Q      CIDs alone, where a command has it:  CID=$(cairn add -Q file)
  --timeout 30s    an end to what takes too long
Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted, 143 terminated.

$CAIRN_PATH      the repo, where --repo does not name it; else $IPFS_PATH, else ~/.cairn
$CAIRN_LOG       how much a daemon tells: debug, info, warn, error, or exchange=debug for one part
While a daemon runs on the repo, it does the work. --api names one elsewhere, --api-auth the secret for it.
"cairn commands completion bash" prints what a shell completes by; "cairn commands openapi" describes the RPC.`,
  mounts: `"cairn mount FOLDER" shows the mutable files ("cairn files ls") as a folder, in which any program reads and writes; with
--path /ipfs/CID it shows content that never changes. What is written is on the disk within a second or two, and after
fsync at once. "cairn umount FOLDER" ends it. A daemon mounts with "cairn daemon --mount", by Mounts.MFS and Mounts.IPFS of
its config. The extended attribute cairn.cid of each file is its CID:  getfattr -n cairn.cid FILE

It needs Linux, and root: an ordinary user has mount.fuse3, of the Debian package fuse3, open the device:
  mount.fuse3 "$(which cairn)#$HOME/.cairn" FOLDER -o drop_privileges,setuid=$USER      (as root)
A line of /etc/fstab, with which "mount FOLDER" works:
  /home/me/.cairn  /home/me/files  fuse.cairn  noauto,user  0  0
There are no hard links and no owners: all belongs to who mounts.

Where nothing can be mounted, a daemon shares the same files by WebDAV, which file managers open:
  cairn config --json Mounts.WebDAV '{"Address": "/ip4/127.0.0.1/tcp/8085", "Path": "/mfs"}'
Once there is a token ("cairn token add"), it is asked for: as the password, with any name.`,
}

/** What `cairn help` says of topics. */
export const TOPICS_LINE: string = `\nTopics, each told by "cairn help TOPIC": ${Object.keys(TOPICS).join(', ')}`

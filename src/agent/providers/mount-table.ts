// The kernel's mount table, /proc/self/mountinfo (proc_pid_mountinfo(5)), and which of it an administrator means by
// "my file systems": those that hold data and can fill, each once, under the name people use.

export interface Mount {
  /** `major:minor` of the file system, the same for all its mounts. */
  readonly device: string;
  /** What of the file system is mounted: `/` unless it is a bind mount or a subvolume. */
  readonly root: string;
  readonly mountPoint: Buffer;
  readonly options: readonly string[];
  readonly type: string;
  readonly source: string;
  readonly superOptions: readonly string[];
}

/** A file system to look at. `remote`: another machine or process answers for it, or does not. */
export interface WatchedMount {
  readonly mountPoint: Buffer;
  /** `ext4`, `nfs4`, `fuse.sshfs`. */
  readonly type: string;
  /** `major:minor`, by which /sys/block knows it; major 0 for file systems without a device of their own. */
  readonly device: string;
  /** What was mounted: a device, or a server and its path. */
  readonly source: string;
  readonly remote: boolean;
  /** False when the kernel has made it read-only by itself, as it does after errors on the disk. */
  readonly writable: boolean;
}

/** Lines that are cut short or make no sense are left out. */
export function parseMountTable(bytes: Buffer): Mount[] {
  const mounts: Mount[] = [];
  for (const line of bytes.toString("latin1").split("\n")) {
    const [left, right] = cut(line, " - ");
    const [, , device, root, mountPoint, options] = left.split(" ");
    const [type, source, superOptions] = right.split(" ");
    if (device === undefined || !/^\d+:\d+$/.test(device) || root === undefined || options === undefined) continue;
    if (!mountPoint?.startsWith("/") || !type || superOptions === undefined) continue;
    mounts.push({
      device,
      root: unescaped(root).toString("latin1"),
      mountPoint: unescaped(mountPoint),
      options: options.split(","),
      type,
      source: unescaped(source ?? "").toString("utf8"),
      superOptions: superOptions.split(","),
    });
  }
  return mounts;
}

function cut(line: string, mark: string): [string, string] {
  const at = line.indexOf(mark);
  return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + mark.length)];
}

/** Space, tab, newline and backslash come as three octal digits; all other bytes as they are. */
function unescaped(field: string): Buffer {
  const text = field.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return Buffer.from(text, "latin1");
}

const REMOTE_TYPES = new Set(
  "nfs nfs4 cifs smb3 smbfs ceph glusterfs lustre gpfs beegfs ocfs2 gfs2 afs 9p virtiofs ncpfs coda orangefs".split(
    " ",
  ),
);
/** FUSE by the program behind it: those that hold data. The rest are views (portals, gvfs, lxcfs, snap images). */
const FUSE_TYPES = new Set(
  "sshfs glusterfs ceph ceph-fuse s3fs rclone mergerfs davfs curlftpfs juicefs moosefs mfs exfat ntfs ntfs-3g zfs"
    .split(" ")
    .map((program) => `fuse.${program}`),
);
/** File systems on several devices, or on none that has a number of its own. */
const LOCAL_TYPES = new Set(["btrfs", "zfs", "bcachefs", "ubifs"]);
/** On a block device, but images that are full from the day they are made. */
const IMAGE_TYPES = new Set(["squashfs", "iso9660", "udf", "erofs", "cramfs", "romfs"]);
/** Here a root other than `/` is a subvolume, not a bind mount. */
const SUBVOLUME_TYPES = new Set(["btrfs", "bcachefs"]);

/** Those that hold data and can fill, in the table's order. Mounted read-only on purpose means: cannot fill. */
export function selectMounts(mounts: readonly Mount[]): WatchedMount[] {
  const visible = new Map<string, Mount>();
  // What was mounted later on the same point hides what was there.
  for (const mount of mounts) visible.set(mount.mountPoint.toString("latin1"), mount);
  const chosen = new Map<string, Mount>();
  for (const mount of visible.values()) {
    if (kindOf(mount) === "ignored" || mount.options.includes("ro")) continue;
    const rival = chosen.get(mount.device);
    if (rival === undefined || preference(mount) > preference(rival)) chosen.set(mount.device, mount);
  }
  return [...chosen.values()].map((mount) => ({
    mountPoint: mount.mountPoint,
    type: mount.type,
    device: mount.device,
    source: mount.source,
    remote: kindOf(mount) === "remote",
    writable: !mount.superOptions.includes("ro"),
  }));
}

function kindOf({ type, device, root, mountPoint }: Mount): "local" | "remote" | "ignored" {
  if (REMOTE_TYPES.has(type) || FUSE_TYPES.has(type) || type === "fuseblk") return "remote";
  if (IMAGE_TYPES.has(type)) return "ignored";
  const isRoot = mountPoint.length === 1;
  // A bind mount of something whose file system is not mounted here is another's affair, such as /etc/hosts in a container.
  if (root !== "/" && !isRoot && !SUBVOLUME_TYPES.has(type)) return "ignored";
  // Major number 0 is the kernel's own: memory, overlays, control files.
  return LOCAL_TYPES.has(type) || !device.startsWith("0:") ? "local" : "ignored";
}

function preference({ root, mountPoint }: Mount): number {
  if (mountPoint.length === 1) return 2;
  return root === "/" ? 1 : 0;
}

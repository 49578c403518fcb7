import { isUtf8 } from "node:buffer";
import type { Reading } from "../../model/reading.ts";
import type { Clock } from "../../runtime/clock.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { FileSystemFigures, HostSystem } from "./host-system.ts";
import { parseMountTable, selectMounts, type WatchedMount } from "./mount-table.ts";
import { type Provider, reading, unknownReading } from "./provider.ts";
import { formatBytes, formatDuration, formatPercent } from "./quantity.ts";
import { visibleName } from "./visible-name.ts";

/** Five readings each must fit into READING_LIMITS beside those of the others. */
export const FILE_SYSTEMS_MAX = 64;
/** How long one file system may take. A healthy one answers within a millisecond. */
export const FILE_SYSTEM_TIMEOUT_MS = 1_000;
/** After this no further one is asked in the same look. */
export const FILE_SYSTEMS_TIMEOUT_MS = 3_000;
/**
 * A file system that hangs keeps a thread of Node's pool (four) until it answers, which may be never. Two of them leave
 * two threads to the rest of the agent; beyond that local file systems are `unknown` until one comes back.
 */
export const HANGING_LOCAL_MAX = 2;
const REMOTE_AT_ONCE = 8;

type Answer = { figures: FileSystemFigures } | { hangs: string } | { fails: string } | { notAsked: string };

/**
 * Readings for each file system: `used` and `inodes-used` (ratio), `free` (bytes), `answering` and `writable` (1 or 0).
 * Remote ones are asked through stat(1), in a process that can be left behind when their server does not answer, and
 * that knows the size of FUSE's blocks (f_frsize), which Node does not tell.
 */
export function createFileSystemProvider({ system, clock }: { system: HostSystem; clock: Clock }): Provider {
  /** Mount point (latin1) to the moment it was asked, for those that have not answered yet. */
  const hanging = new Map<string, { sinceMs: number; remote: boolean }>();

  async function ask(mount: WatchedMount, signal: AbortSignal): Promise<Answer> {
    const key = mount.mountPoint.toString("latin1");
    const earlier = hanging.get(key);
    if (earlier !== undefined)
      return { hangs: `has not answered for ${formatDuration(clock.monotonic() - earlier.sinceMs)}` };
    if (signal.aborted) return { notAsked: "not asked, since others took too long" };
    const locals = [...hanging.values()].filter(({ remote }) => !remote).length;
    if (!mount.remote && locals >= HANGING_LOCAL_MAX) return { notAsked: `not asked while ${locals} others hang` };

    const timeout = new AbortController();
    // Arguments of a process are text here: a remote name that is not UTF-8 is asked for like a local one.
    const remote = mount.remote && isUtf8(mount.mountPoint);
    hanging.set(key, { sinceMs: clock.monotonic(), remote });
    const answer = (remote ? remoteFigures(mount.mountPoint, timeout.signal) : system.figures(mount.mountPoint))
      .then((figures): Answer => ({ figures }))
      .catch((error: unknown): Answer => ({ fails: reasonOf(error) }))
      .finally(() => hanging.delete(key));
    return new Promise((resolve) => {
      const cancel = clock.after(FILE_SYSTEM_TIMEOUT_MS, () => {
        timeout.abort();
        resolve({ hangs: `no answer within ${FILE_SYSTEM_TIMEOUT_MS} ms` });
      });
      answer.then((result) => {
        cancel();
        resolve(result);
      });
    });
  }

  async function remoteFigures(mountPoint: Buffer, signal: AbortSignal): Promise<FileSystemFigures> {
    return parseStatOutput(await system.run("stat", ["-f", "-c", "%S %b %f %a %c %d", "--", mountPoint], signal));
  }

  return {
    name: "file systems",
    async read(signal) {
      const mounts = selectMounts(parseMountTable(await system.read("/proc/self/mountinfo")));
      const watched = mounts.slice(0, FILE_SYSTEMS_MAX);
      const deadline = new AbortController();
      const cancel = clock.after(FILE_SYSTEMS_TIMEOUT_MS, () => deadline.abort());
      const until = AbortSignal.any([signal, deadline.signal]);
      const answers = new Map<WatchedMount, Answer>();
      const lane = async (queue: WatchedMount[]) => {
        for (let mount = queue.shift(); mount !== undefined; mount = queue.shift())
          answers.set(mount, await ask(mount, until));
      };
      const remote = watched.filter((mount) => mount.remote);
      const local = watched.filter((mount) => !mount.remote);
      // Local ones one after another: together they could fill the thread pool.
      await Promise.all([lane(local), ...Array.from({ length: REMOTE_AT_ONCE }, () => lane(remote))]);
      cancel();
      const readings = [...answers].flatMap(([mount, answer]) => readingsOf(mount, answer));
      if (mounts.length > watched.length)
        readings.push(
          unknownReading("file systems", "left out", {
            unit: "count",
            reason: `${mounts.length - watched.length} of ${mounts.length} file systems are beyond the ${FILE_SYSTEMS_MAX} that are looked at`,
          }),
        );
      return readings;
    },
  };
}

/** Fundamental block size, blocks, free, available, inodes, free inodes. Throws when there are not six numbers. */
export function parseStatOutput(output: string): FileSystemFigures {
  const [blockBytes, blocks, blocksFree, blocksAvailable, inodes, inodesFree, ...rest] = output
    .trim()
    .split(" ")
    .map(Number);
  const figures = [blockBytes, blocks, blocksFree, blocksAvailable, inodes, inodesFree];
  if (rest.length > 0 || !figures.every((figure) => figure !== undefined && Number.isFinite(figure)))
    throw new Error(`stat: unexpected answer ${JSON.stringify(output.slice(0, 200))}`);
  return { blockBytes, blocks, blocksFree, blocksAvailable, inodes, inodesFree } as FileSystemFigures;
}

function readingsOf(mount: WatchedMount, answer: Answer): Reading[] {
  const component = `file system ${visibleName(mount.mountPoint)}`;
  const writable = reading(component, "writable", {
    value: mount.writable ? 1 : 0,
    unit: "none",
    summary: mount.writable ? "writable" : "read-only: the kernel has stopped writing to it, mostly after disk errors",
  });
  if ("figures" in answer) {
    const answering = reading(component, "answering", { value: 1, unit: "none", summary: "answers" });
    return [...spaceReadings(component, answer.figures), answering, writable];
  }
  const reason = Object.values(answer)[0] ?? "no answer";
  const used = unknownReading(component, "used", { unit: "ratio", reason });
  if (!("hangs" in answer)) return [used, writable];
  return [used, reading(component, "answering", { value: 0, unit: "none", summary: reason }), writable];
}

function spaceReadings(component: string, figures: FileSystemFigures): Reading[] {
  const used = figures.blocks - figures.blocksFree;
  // As df(1) counts: what is reserved for root belongs to neither side.
  const usable = used + figures.blocksAvailable;
  if (!(usable > 0)) return [];
  const free = figures.blocksAvailable * figures.blockBytes;
  const room = `${formatBytes(free)} of ${formatBytes(usable * figures.blockBytes)} free`;
  const readings = [
    reading(component, "used", {
      value: used / usable,
      unit: "ratio",
      summary: `${formatPercent(used / usable)} full: ${room}`,
    }),
    reading(component, "free", { value: free, unit: "bytes", summary: room }),
  ];
  if (figures.inodes > 0) {
    const ratio = 1 - figures.inodesFree / figures.inodes;
    readings.push(
      reading(component, "inodes-used", {
        value: ratio,
        unit: "ratio",
        summary: `${formatPercent(ratio)} of its inodes used: ${figures.inodesFree} of ${figures.inodes} left for new files`,
      }),
    );
  }
  return readings;
}

import { isUtf8 } from "node:buffer";
import { formatDuration } from "../../model/quantity.ts";
import type { Clock } from "../../runtime/clock.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { FileSystemFigures, HostSystem } from "./host-system.ts";
import { parseMountTable, selectMounts, type WatchedMount } from "./mount-table.ts";

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

export type FileSystemAnswer =
  | { readonly figures: FileSystemFigures }
  | { readonly hangs: string }
  | { readonly fails: string }
  | { readonly notAsked: string };

export interface FileSystemSurvey {
  /** What each file system said, in the mount table's order, and how many were beyond FILE_SYSTEMS_MAX. */
  read(signal: AbortSignal): Promise<{
    readonly answers: ReadonlyMap<WatchedMount, FileSystemAnswer>;
    readonly leftOut: number;
  }>;
}

/**
 * Asks every file system that can fill for its figures, each within its time; one survey serves all who want to know, so
 * that a file system that hangs is asked once. Remote ones are asked through stat(1), in a process that can be left
 * behind when their server does not answer, and that knows the size of FUSE's blocks (f_frsize), which Node does not tell.
 */
export function createFileSystemSurvey({
  system,
  clock,
}: {
  readonly system: HostSystem;
  readonly clock: Clock;
}): FileSystemSurvey {
  /** Mount point (latin1) to the moment it was asked, for those that have not answered yet. */
  const hanging = new Map<string, { sinceMs: number; remote: boolean }>();

  async function ask(mount: WatchedMount, signal: AbortSignal): Promise<FileSystemAnswer> {
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
      .then((figures): FileSystemAnswer => ({ figures }))
      .catch((error: unknown): FileSystemAnswer => ({ fails: reasonOf(error) }))
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

  async function look(signal: AbortSignal) {
    const mounts = selectMounts(parseMountTable(await system.read("/proc/self/mountinfo")));
    const watched = mounts.slice(0, FILE_SYSTEMS_MAX);
    const deadline = new AbortController();
    const cancel = clock.after(FILE_SYSTEMS_TIMEOUT_MS, () => deadline.abort());
    const until = AbortSignal.any([signal, deadline.signal]);
    const answers = new Map<WatchedMount, FileSystemAnswer>();
    const lane = async (queue: WatchedMount[]) => {
      for (let mount = queue.shift(); mount !== undefined; mount = queue.shift())
        answers.set(mount, await ask(mount, until));
    };
    const remote = watched.filter((mount) => mount.remote);
    const local = watched.filter((mount) => !mount.remote);
    // Local ones one after another: together they could fill the thread pool.
    await Promise.all([lane(local), ...Array.from({ length: REMOTE_AT_ONCE }, () => lane(remote))]);
    cancel();
    return { answers, leftOut: mounts.length - watched.length };
  }

  let current: ReturnType<typeof look> | undefined;
  return {
    // Who asks while a look is under way waits for that one.
    read(signal) {
      current ??= look(signal).finally(() => {
        current = undefined;
      });
      return current;
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

import type { HostSystem } from "./host-system.ts";

/** The kernel keeps 15 bytes of a process's name (TASK_COMM_LEN). */
const NAME_BYTES_MAX = 15;
/** Linux allows four million; a machine with more than this has other worries, and the look must end. */
export const PROCESSES_MAX = 65_536;
/** Others get their turn after this many. */
const BATCH = 256;

/**
 * Finds living processes by program name. It remembers where it last found each, so that a look at a healthy machine
 * reads one file a service and only a missing one costs a walk through /proc.
 */
export function createProcessFinder(system: HostSystem): {
  find(names: readonly string[]): Promise<ReadonlyMap<string, number>>;
} {
  const lastSeen = new Map<string, string>();

  /** The name of a living process; undefined for one that is gone or a zombie. */
  async function nameOf(pid: string): Promise<string | undefined> {
    try {
      const stat = (await system.read(`/proc/${pid}/stat`)).toString("utf8");
      // The name stands in parentheses and may hold some itself (proc_pid_stat(5)).
      const end = stat.lastIndexOf(")");
      const state = stat[end + 2];
      return end < 0 || state === undefined || "ZXx".includes(state)
        ? undefined
        : stat.slice(stat.indexOf("(") + 1, end);
    } catch {
      return undefined;
    }
  }

  return {
    /** How many processes of each name were seen: 1 or more means it runs, and not all need have been counted. */
    async find(names) {
      const found = new Map<string, number>();
      for (const name of names) {
        const pid = lastSeen.get(name);
        if (pid !== undefined && (await nameOf(pid)) === name.slice(0, NAME_BYTES_MAX)) found.set(name, 1);
        else lastSeen.delete(name);
      }
      const missing = new Map(
        names.filter((name) => !found.has(name)).map((name) => [name.slice(0, NAME_BYTES_MAX), name]),
      );
      if (missing.size === 0) return found;
      const pids = (await system.list("/proc")).filter((entry) => /^\d+$/.test(entry)).slice(0, PROCESSES_MAX);
      for (const [index, pid] of pids.entries()) {
        if (index % BATCH === BATCH - 1) await new Promise((resolve) => setImmediate(resolve));
        const name = missing.get((await nameOf(pid)) ?? "");
        if (name === undefined) continue;
        found.set(name, (found.get(name) ?? 0) + 1);
        lastSeen.set(name, pid);
      }
      return found;
    },
  };
}

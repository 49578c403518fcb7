// The pool of data ports. Every data connection of a backup or restore listens on a port leased here, so that the
// ports in the firewall's rule are the ports in use. Invariants (data-port-pool.test.ts): a port is leased to one job
// at a time; asking again changes nothing; nothing waits: a pool that is empty says so, and who holds the ports.

import { formatRange, type PortRange, rangeSize } from "./flow.ts";

/** The original product's floor (be-06): a pool for all, of which every application finds a part free. */
const DATA_PORTS_MIN = 25;
/** The original product's minimum for one job through a firewall (be-06). */
const PORTS_PER_JOB = 2;

/** How many ports a pool must hold. */
export function dataPortsNeeded(concurrentJobs: number): number {
  return Math.max(DATA_PORTS_MIN, PORTS_PER_JOB * concurrentJobs);
}

export type Lease =
  | { readonly leased: true; readonly ports: readonly number[] }
  | { readonly leased: false; readonly reason: string; readonly inUse: number };

export interface DataPortPool {
  /**
   * Leases `count` ports to a job, all or none. A job that already holds that many gets the same ones again; one that
   * holds fewer keeps them and is given the rest.
   */
  lease(jobId: string, count?: number): Lease;
  /** For a port that somebody else's program already listens on: gives it up and leases another in its place. */
  swap(jobId: string, port: number): Lease;
  /** Gives back all ports of a job; how many there were. A job that holds none is no mistake. */
  release(jobId: string): number;
  stats(): { readonly size: number; readonly inUse: number; readonly free: number; readonly jobs: number };
}

/**
 * A pool over `range`, both ends included. Throws RangeError for a range smaller than 25 ports or than two for each
 * concurrent job: settings were checked before (port-settings.ts), so that is our own mistake.
 */
export function createDataPortPool({
  range,
  concurrentJobs,
}: {
  readonly range: PortRange;
  readonly concurrentJobs: number;
}): DataPortPool {
  const size = rangeSize(range);
  const needed = dataPortsNeeded(concurrentJobs);
  if (size < needed) {
    throw new RangeError(
      `${formatRange(range)} holds ${size} ports, ${needed} are needed (concurrent jobs: ${concurrentJobs})`,
    );
  }
  // First in, first out: a port rests as long as possible before its next job, so that late packets of the last one
  // find nobody, and a port that somebody else occupies comes up again last.
  const free = Array.from({ length: size }, (_, index) => range.from + index);
  const held = new Map<string, readonly number[]>();

  const refused = (wanted: number): Lease => ({
    leased: false,
    reason:
      `${wanted} more data ports are needed and ${free.length} of ${size} in ${formatRange(range)} are free; ` +
      `${held.size} jobs hold the others: run fewer jobs at once or widen ports.backupData`,
    inUse: size - free.length,
  });

  return {
    lease(jobId, count = PORTS_PER_JOB) {
      const own = held.get(jobId) ?? [];
      const wanted = count - own.length;
      if (wanted <= 0) return { leased: true, ports: own };
      if (wanted > free.length) return refused(wanted);
      const ports = [...own, ...free.splice(0, wanted)];
      held.set(jobId, ports);
      return { leased: true, ports };
    },
    swap(jobId, port) {
      const own = held.get(jobId) ?? [];
      if (!own.includes(port)) throw new RangeError(`job ${jobId} does not hold port ${port}`);
      const [other] = free.splice(0, 1);
      if (other === undefined) return refused(1);
      free.push(port);
      const ports = own.map((mine) => (mine === port ? other : mine));
      held.set(jobId, ports);
      return { leased: true, ports };
    },
    release(jobId) {
      const own = held.get(jobId) ?? [];
      free.push(...own);
      held.delete(jobId);
      return own.length;
    },
    stats: () => ({ size, inUse: size - free.length, free: free.length, jobs: held.size }),
  };
}

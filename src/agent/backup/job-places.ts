import type { DataPortPool } from "../../ports/data-port-pool.ts";
import type { Place } from "./control-session.ts";

// How many jobs this host runs at once, and the data ports that belong to each. A job that deduplicates by itself opens
// no data connection; its ports are leased all the same, so that one that does finds what the firewall's rule promises.

/** A place with the data ports that are leased to its job. */
export type JobPlace =
  | Exclude<Place, { readonly taken: true }>
  | (Extract<Place, { readonly taken: true }> & { readonly ports: readonly number[] });

export function createJobPlaces({ jobsMax, pool }: { readonly jobsMax: number; readonly pool: DataPortPool }) {
  const running = new Set<string>();
  return {
    take(jobId: string): JobPlace {
      if (running.has(jobId)) return { taken: false, reason: `job ${jobId} runs here already` };
      if (running.size >= jobsMax) {
        return {
          taken: false,
          reason: `${running.size} jobs run here already, as many as backup.concurrentJobs allows`,
        };
      }
      const lease = pool.lease(jobId);
      if (!lease.leased) return { taken: false, reason: lease.reason };
      running.add(jobId);
      return {
        taken: true,
        ports: lease.ports,
        leave() {
          running.delete(jobId);
          pool.release(jobId);
        },
      };
    },
  };
}

import type { DataPortPool } from "../../ports/data-port-pool.ts";
import type { Place } from "./control-session.ts";

// How many jobs this host runs at once, and the data ports that belong to each. A job that deduplicates by itself opens
// no data connection; its ports are leased all the same, so that one that does finds what the firewall's rule promises.

export function createJobPlaces({ jobsMax, pool }: { readonly jobsMax: number; readonly pool: DataPortPool }) {
  const running = new Set<string>();
  return {
    take(jobId: string): Place {
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
        leave() {
          running.delete(jobId);
          pool.release(jobId);
        },
      };
    },
  };
}

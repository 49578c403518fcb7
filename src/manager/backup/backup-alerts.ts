import type { Alert } from "../../model/alert.ts";
import type { Job } from "../../model/job.ts";
import type { Clock } from "../../runtime/clock.ts";
import { createUuid, type Random } from "../../runtime/random.ts";

// A backup that fails is an alert that lasts until one of the same paths succeeds: the worst about backups is that they
// stop and nobody notices.

/** What a job that has ended has to say, if anything. */
export function backupAlertOf(
  job: Job,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Alert | undefined {
  if (job.kind !== "backup" || job.state === "canceled") return undefined;
  const paths = job.paths.join(", ");
  const failed = job.state === "failed";
  return {
    id: createUuid({ clock, random }),
    raisedAtMs: clock.now(),
    severity: failed ? "major" : "information",
    category: "software",
    kind: failed ? "raised" : "cleared",
    component: `backup of ${paths}`.slice(0, 256),
    condition: "backup.failed",
    summary: failed
      ? `Backup of ${paths} failed: ${job.reason ?? "no reason was told"}`.slice(0, 1_000)
      : `Backup of ${paths} is done`.slice(0, 1_000),
    details: [
      { name: "job", value: job.id },
      { name: "files", value: `${job.progress.files}` },
      { name: "bytes", value: `${job.progress.bytes}` },
      { name: "problems", value: `${job.progress.problems}` },
    ],
  };
}

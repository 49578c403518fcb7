import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ApiClient } from "../api/client.ts";
import type { HostOverview } from "../api/host-routes.ts";
import type { Job } from "../model/job.ts";
import type { HostReadings } from "../model/reading.ts";
import type { SnapshotEntry } from "../model/snapshot.ts";
import { type Clock, pause } from "../runtime/clock.ts";
import { TimeoutError } from "../runtime/errors.ts";

// The tour that `rusuban up` makes: each stage is a real use of the product through its API, and is checked.

const POLL_MS = 100;
const WAIT_MS = 30_000;
/** Directories and entries looked at to find a file that this user may read. */
const DIRECTORIES_SEARCHED_MAX = 200;
const SAMPLE_BYTES_MAX = 1024 * 1024;

export interface TourNeeds {
  readonly api: ApiClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Follows a job to its end, showing progress. */
  readonly awaitJob: (job: Job) => Promise<Job>;
}

/** Asks until there is an answer. Throws TimeoutError naming what was waited for. */
async function waitFor<T>({ clock, signal }: TourNeeds, what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = clock.monotonic() + WAIT_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (signal.aborted) throw new Error("interrupted");
    if (clock.monotonic() > deadline) throw new TimeoutError(what, WAIT_MS);
    await pause(clock, POLL_MS, signal);
  }
}

/** This computer, once its agent has shown itself. */
export function waitForHost(needs: TourNeeds, hostId: string): Promise<HostOverview> {
  return waitFor(needs, "the agent of this computer", async () => {
    const host = await needs.api.hostShow({ params: { host: hostId } });
    return host.state === "up" ? host : undefined;
  });
}

export async function waitForReadings(needs: TourNeeds, hostId: string): Promise<HostReadings> {
  return waitFor(needs, "the first readings of this computer", async () => {
    const { latest } = await needs.api.hostReadings({ params: { host: hostId } });
    return latest ?? undefined;
  });
}

export async function makeBackup(needs: TourNeeds, hostId: string, paths: readonly string[]): Promise<Job> {
  const job = await needs.awaitJob(await needs.api.backupStart({ body: { host: hostId, paths: [...paths] } }));
  if (job.state !== "done" && job.state !== "partly") throw new Error(job.reason ?? `the backup ended as ${job.state}`);
  if (job.snapshotId === null) throw new Error("the backup made no snapshot");
  return job;
}

export interface RestoredSample {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Restores one file of the snapshot beside the original and compares the two. */
export async function restoreSample(
  needs: TourNeeds,
  { snapshotId, paths }: { snapshotId: string; paths: readonly string[] },
): Promise<RestoredSample> {
  const sample = await findSample(needs, snapshotId, paths);
  if (sample === undefined)
    throw new Error(`no file below ${paths.join(", ")} can be read by this user, so none was restored`);
  const target = await mkdtemp(join(tmpdir(), "rusuban-restore-"));
  try {
    const job = await needs.awaitJob(
      await needs.api.restoreStart({
        body: { snapshot: snapshotId, paths: [sample.path], target, overwrite: "never" },
      }),
    );
    // "partly" where a user who is not root cannot give files back to their owners; the content must be right even so.
    if (job.state !== "done" && job.state !== "partly")
      throw new Error(job.reason ?? `the restore ended as ${job.state}`);
    const restored = await readFile(join(target, sample.path));
    const sha256 = hashOf(restored);
    if (sha256 !== hashOf(sample.content))
      throw new Error(`${sample.path} was restored, but differs from the original`);
    return { path: sample.path, bytes: restored.length, sha256 };
  } finally {
    await rm(target, { recursive: true, force: true });
  }
}

async function findSample({ api }: TourNeeds, snapshotId: string, paths: readonly string[]) {
  const folders = [...paths];
  for (let searched = 0; searched < DIRECTORIES_SEARCHED_MAX; searched++) {
    const folder = folders.shift();
    if (folder === undefined) return undefined;
    const page = await api
      .snapshotEntries({ params: { snapshot: snapshotId }, query: { path: folder } })
      .catch(() => undefined);
    for (const entry of page?.items ?? []) {
      const path = join(folder, entry.name);
      if (entry.kind === "directory") folders.push(path);
      else if (isSample(entry)) {
        const content = await readFile(path).catch(() => undefined);
        if (content !== undefined && content.length === entry.size) return { path, content };
      }
    }
  }
  return undefined;
}

function isSample({ kind, size, name }: SnapshotEntry): boolean {
  return kind === "file" && size > 0 && size <= SAMPLE_BYTES_MAX && !name.includes("\ufffd");
}

/** Raises a test alert on the host and waits until the manager has committed it. The time is from order to inbox. */
export async function raiseTestAlert(
  needs: TourNeeds,
  hostId: string,
): Promise<{ readonly id: string; readonly afterMs: number }> {
  const startedAt = needs.clock.monotonic();
  const { ids } = await needs.api.alertTest({ body: { host: hostId, count: 1 } });
  const [id] = ids;
  if (id === undefined) throw new Error("the host raised no alert");
  await waitFor(needs, "the test alert in the inbox", async () => {
    try {
      return await needs.api.alertShow({ params: { id } });
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "not-found") return undefined;
      throw error;
    }
  });
  return { id, afterMs: Math.round(needs.clock.monotonic() - startedAt) };
}

function hashOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

import { expect, expectTypeOf, test } from "vitest";
import type { z } from "zod";
import type { InboxAlert } from "../model/alert.ts";
import type { Host } from "../model/host.ts";
import type { Job, JobLogLine } from "../model/job.ts";
import type { HostReadings, Reading } from "../model/reading.ts";
import type { Snapshot, SnapshotEntry } from "../model/snapshot.ts";
import type * as schemas from "./model-schemas.ts";

// Readonly-ness of properties aside, which TypeScript does not compare, both directions must assign.
type Same<A, B> = [A] extends [B]
  ? [B] extends [A]
    ? true
    : "the schema takes less than the model"
  : "the schema gives more";

test("every schema has exactly the model's type", () => {
  const same = {
    alert: true satisfies Same<z.infer<typeof schemas.InboxAlertSchema>, InboxAlert>,
    host: true satisfies Same<z.infer<typeof schemas.HostSchema>, Host>,
    reading: true satisfies Same<z.infer<typeof schemas.ReadingSchema>, Reading>,
    readings: true satisfies Same<z.infer<typeof schemas.HostReadingsSchema>, HostReadings>,
    job: true satisfies Same<z.infer<typeof schemas.JobSchema>, Job>,
    logLine: true satisfies Same<z.infer<typeof schemas.JobLogLineSchema>, JobLogLine>,
    snapshot: true satisfies Same<z.infer<typeof schemas.SnapshotSchema>, Snapshot>,
    entry: true satisfies Same<z.infer<typeof schemas.SnapshotEntrySchema>, SnapshotEntry>,
  };
  expectTypeOf<keyof z.infer<typeof schemas.InboxAlertSchema>>().toEqualTypeOf<keyof InboxAlert>();
  expectTypeOf<keyof z.infer<typeof schemas.HostSchema>>().toEqualTypeOf<keyof Host>();
  expect(Object.values(same)).not.toContain(false);
});

import { expect, it } from "vitest";
import type { JobOpening, JobOpeningOutcome } from "../../firewall/live/job-openings.ts";
import { silentLog } from "../../runtime/log.ts";
import { createJobDoors } from "./job-doors.ts";

const JOB = { jobId: "4711", peer: "::ffff:192.0.2.10" };

function create({
  seconds = 60,
  outcome,
}: {
  seconds?: number;
  outcome?: (opening: JobOpening) => JobOpeningOutcome;
} = {}) {
  const seen: string[] = [];
  const warnings: string[] = [];
  const doors = createJobDoors({
    seconds,
    async open(opening) {
      seen.push(`open ${opening.peer} ${opening.ports.join(",")} ${opening.seconds} ${opening.comment}`);
      return outcome?.(opening) ?? { opened: true, close: async () => void seen.push("close") };
    },
    log: { ...silentLog, warn: (values) => void warnings.push(JSON.stringify(values)) },
  });
  const place = { taken: true as const, ports: [20300, 20301], leave: () => void seen.push("leave") };
  return { doors, place, seen, warnings };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

it("opens a job's ports to its manager, and closes them when the job leaves", async () => {
  const { doors, place, seen } = create();
  const taken = doors.around(place, JOB);
  if (taken.taken) taken.leave();
  await settled();
  expect(seen).toEqual(["open 192.0.2.10 20300,20301 60 rusuban:job:4711", "leave", "close"]);
});

it("opens nothing where the setting is off, or where there was no place", () => {
  const off = create({ seconds: 0 });
  expect(off.doors.around(off.place, JOB)).toBe(off.place);
  const on = create();
  const refused = { taken: false as const, reason: "2 jobs run here already" };
  expect(on.doors.around(refused, JOB)).toBe(refused);
  expect([off.seen, on.seen]).toEqual([[], []]);
});

it.each([
  ["cannot", () => ({ opened: false as const, reason: "no set for jobs" })],
  [
    "fails",
    () => {
      throw new Error("no set for jobs");
    },
  ],
])("a firewall that %s is told in the log, and the job goes on", async (_, outcome) => {
  const { doors, place, seen, warnings } = create({ outcome });
  const taken = doors.around(place, JOB);
  if (taken.taken) taken.leave();
  await settled();
  expect(seen.slice(1)).toEqual(["leave"]);
  expect(warnings).toEqual([expect.stringContaining("no set for jobs")]);
});

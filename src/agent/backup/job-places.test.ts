import { expect, it } from "vitest";
import { createDataPortPool } from "../../ports/data-port-pool.ts";
import { createJobPlaces } from "./job-places.ts";

const range = { from: 40_000, to: 40_024 };

function create(jobsMax: number) {
  const pool = createDataPortPool({ range, concurrentJobs: 2 });
  return { pool, places: createJobPlaces({ jobsMax, pool }) };
}

it("a job has its ports as long as it runs, and gives them back", () => {
  const { pool, places } = create(2);
  const place = places.take("a");
  expect(pool.stats()).toMatchObject({ inUse: 2 });
  if (place.taken) place.leave();
  expect(pool.stats()).toMatchObject({ inUse: 0 });
});

it("one job more than the settings allow is told so, and the same job twice", () => {
  const { places } = create(1);
  expect(places.take("a").taken).toBe(true);
  expect(places.take("a")).toEqual({ taken: false, reason: "job a runs here already" });
  expect(places.take("b")).toEqual({ taken: false, reason: expect.stringContaining("backup.concurrentJobs") });
});

it("ports that run out are told, never waited for", () => {
  const { pool, places } = create(100);
  for (let job = 0; job < 12; job++) expect(places.take(`job ${job}`).taken).toBe(true);
  expect(pool.stats()).toMatchObject({ inUse: 24 });
  expect(places.take("one more")).toMatchObject({ taken: false, reason: expect.stringContaining("40000-40024") });
});

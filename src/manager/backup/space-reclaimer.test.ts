import { expect, it } from "vitest";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { createSpaceReclaimer } from "./space-reclaimer.ts";

it("ends a collection that is under way when the manager stops", async () => {
  const clock = new FakeClock();
  let begun = () => {};
  const isCollecting = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const store = {
    collectGarbage: ({ signal }: { signal?: AbortSignal | undefined } = {}) =>
      new Promise<never>((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
        begun();
      }),
  };
  const reclaimer = createSpaceReclaimer({ store, clock, log: silentLog });
  await reclaimer.start();
  await clock.advance(10 * 60_000);
  await isCollecting;
  await reclaimer.stop();
  expect(clock.pending).toBe(0);
});

it("collects some time after the start and then once a day, also after a failure", async () => {
  const clock = new FakeClock();
  let collected = 0;
  const store = {
    collectGarbage: async () => {
      collected += 1;
      if (collected === 1) throw new Error("the disk is full");
      return {} as never;
    },
  };
  const reclaimer = createSpaceReclaimer({ store, clock, log: silentLog });
  await reclaimer.start();
  await clock.advance(9 * 60_000);
  expect(collected).toBe(0);
  await clock.advance(60_000);
  expect(collected).toBe(1);
  await clock.advance(48 * 3_600_000);
  expect(collected).toBe(3);
  await reclaimer.stop();
  expect(clock.pending).toBe(0);
});

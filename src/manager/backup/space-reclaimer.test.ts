import { expect, it } from "vitest";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { createSpaceReclaimer } from "./space-reclaimer.ts";

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
